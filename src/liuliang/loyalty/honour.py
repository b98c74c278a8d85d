"""Badges: what somebody has done that is worth being seen, given by rule or by hand, once, and taken away where it was wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.lake.queries import query
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.events import BadgeGiven, BadgeRevoked
from liuliang.loyalty.models import Award, Badge, Standing
from liuliang.people.models import Community, Member

BADGE_WRITTEN = audit.action("badge.written", _("保存勋章"))
BADGE_GIVEN = audit.action("badge.given", _("颁发勋章"))
BADGE_REVOKED = audit.action("badge.revoked", _("收回勋章"))

ICONS = (
    "award", "medal", "trophy", "crown", "star", "heart", "flame",  # icons
    "diamond", "rocket", "book", "bulb", "users",  # icons
)  # fmt: skip
"""Pictures a badge may have."""

SOURCE = "honour"

BATCH = 500
"""Awards made in one transaction."""

MEASURES: dict[str, str | Promise] = {
    "earned": _("累计得到的积分"),
    "growth": _("成长值"),
    "times": _("做了多少次"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a badge is given for: so much of a measure; for ``times``, of a behaviour, by its key."""

    measure: str
    at_least: int
    behaviour: str = ""

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            Refused: ``badge.rule``, or ``rule.behaviour`` for one that nobody here knows.
        """
        if self.measure not in MEASURES or not 1 <= self.at_least <= 10**12:
            raise Refused("badge.rule")
        if self.measure == "times":
            behaviour(self.behaviour)


def rule_of(badge: Badge) -> Rule | None:
    """Return a badge's rule; None for one that is given by hand."""
    return Rule(**badge.rule) if badge.rule else None


@transaction.atomic
def write_badge(badge: Badge, rule: Rule | None, *, at: datetime) -> Badge:
    """Save a badge, new or changed. Who has it keeps it.

    Raises:
        Refused: ``badge.name`` for none or one that is taken there, ``badge.icon``, ``badge.rule``, ``badge.everywhere`` where
            points or growth, which belong to no community, are asked in one.
    """
    badge.name = badge.name.strip()[:40]
    taken = Badge.objects.filter(name=badge.name, community=badge.community_id).exclude(pk=badge.pk).exists()
    if not badge.name or taken:
        raise Refused("badge.name", name=badge.name)
    if badge.icon not in ICONS:
        raise Refused("badge.icon")
    if rule is not None:
        rule.check()
        if badge.community_id is not None and rule.measure != "times":
            raise Refused("badge.everywhere")
    badge.rule = asdict(rule) if rule else {}
    fields = ("name", "description", "icon", "community_id", "rule", "is_active")
    before = Badge.objects.filter(pk=badge.pk).values(*fields).first() or {}
    if not before:
        badge.created_at, badge.staff = at, audit.actor().staff
    badge.save()
    changes = {name: (before.get(name), getattr(badge, name)) for name in fields}
    audit.record(BADGE_WRITTEN, badge, name=badge.name, community=badge.community_id, changes=changes)
    return badge


@transaction.atomic
def give_badge(badge: Badge, person: int, *, reason: str, at: datetime) -> Award:
    """Give a person a badge by hand; one that was taken away comes back.

    Raises:
        Refused: ``badge.inactive``, ``badge.held``, ``badge.reason``, ``member.unknown``.
    """
    if not badge.is_active:
        raise Refused("badge.inactive", name=badge.name)
    if not reason.strip():
        raise Refused("badge.reason")
    member = Member.objects.filter(pk=person, erased_at=None).first()
    if member is None:
        raise Refused("member.unknown")
    told = {"reason": reason.strip()[:300], "staff": audit.actor().staff, "at": at}
    award, is_new = Award.objects.select_for_update().get_or_create(badge=badge, member=member, defaults=told)
    if not is_new:
        if award.revoked_at is None:
            raise Refused("badge.held", name=badge.name)
        Award.objects.filter(pk=award.pk).update(**told, revoked_at=None, revoked_by=None)
        award.refresh_from_db()
    _tell(BadgeGiven(badge.pk, badge.name), award, at)
    changes = {"badge": (None, badge.name)}
    audit.record(BADGE_GIVEN, member, community=badge.community_id, changes=changes, personal={"reason"})
    return award


@transaction.atomic
def revoke_badge(award: Award, *, at: datetime) -> None:
    """Take a badge away. Its rule does not give it to them again.

    Raises:
        Refused: ``badge.gone`` when it was taken away before.
    """
    who = audit.actor().staff
    changed = Award.objects.filter(pk=award.pk, revoked_at=None).update(revoked_at=at, revoked_by=who)
    if not changed:
        raise Refused("badge.gone")
    _tell(BadgeRevoked(award.badge_id, award.badge.name), award, at)
    changes = {"badge": (award.badge.name, None)}
    audit.record(BADGE_REVOKED, award.member, community=award.badge.community_id, changes=changes)


def _tell(payload: BadgeGiven | BadgeRevoked, award: Award, at: datetime) -> None:
    who = audit.actor().staff
    told_by = f"{payload.kind}:{award.pk}:{at.isoformat()}"
    actor = who.pk if who else None
    append([Fact(payload, at, SOURCE, told_by, award.member_id, award.badge.community_id, actor)])


def give_by_rules(*, at: datetime, badge: int | None = None) -> int:
    """Give every badge that has a rule to whom the rule means and who never had it; return how many were given.

    Args:
        at: now.
        badge: only this one.
    """
    badges = Badge.objects.filter(is_active=True).exclude(rule={}).order_by("pk")
    return sum(_give_by_rule(one, at) for one in (badges if badge is None else badges.filter(pk=badge)))


def _give_by_rule(badge: Badge, at: datetime) -> int:
    rule = rule_of(badge)
    if rule is None:
        return 0
    try:
        persons = reaching(rule, badge.community_id)
    except Refused:
        # A behaviour that nobody here knows any more.
        return 0
    given = 0
    for start in range(0, len(persons), BATCH):
        given += _award(badge, persons[start : start + BATCH], at)
    return given


@transaction.atomic
def _award(badge: Badge, persons: Sequence[int], at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_award (badge_id, member_id, reason, at)"
            " SELECT %s, m.id, '', %s FROM people_member m WHERE m.id = ANY(%s) AND m.erased_at IS NULL AND NOT m.is_bot"
            " AND (m.canonical_id IS NULL OR m.canonical_id = m.id) AND NOT EXISTS (SELECT 1 FROM people_member r"
            " JOIN loyalty_award a ON a.member_id = r.id AND a.badge_id = %s WHERE r.canonical_id = m.id) ORDER BY m.id"
            " ON CONFLICT (badge_id, member_id) DO NOTHING RETURNING id, member_id",
            [badge.pk, at, list(persons), badge.pk],
        )
        made = cursor.fetchall()
    append(
        [
            Fact(
                BadgeGiven(badge.pk, badge.name),
                at,
                SOURCE,
                f"badge.given:{award}:{at.isoformat()}",
                member,
                badge.community_id,
            )
            for award, member in made
        ]
    )
    return len(made)


def reaching(rule: Rule, community: int | None) -> list[int]:
    """Return the persons whom a rule means now, by id.

    Raises:
        Refused: ``rule.behaviour``, and what the lake refuses.
    """
    if rule.measure != "times":
        found = Standing.objects.filter(**{f"{rule.measure}__gte": rule.at_least})
        return list(found.order_by("member").values_list("member", flat=True))
    return sorted(times_done(rule.behaviour, below(community), at_least=rule.at_least))


def times_done(key: str, communities: Collection[int] | None, *, at_least: int = 1) -> Mapping[int, int]:
    """Return how often persons did something, by person, for those who did it ``at_least`` so often.

    Args:
        key: the behaviour.
        communities: only there; None for everywhere.
        at_least: how often at least.
    """
    found = behaviour(key)
    earner, others = ("other", " AND member != other") if found.earner else ("member", "")
    within = "" if communities is None else " AND community IN {communities:Array(UInt32)}"
    values: dict[str, Any] = {"kinds": list(found.kinds), "least": at_least}
    if communities is not None:
        values["communities"] = sorted(communities)
    rows = query(
        f"SELECT {earner}, count() AS times FROM {{events}} WHERE kind IN {{kinds:Array(String)}} AND {earner} != 0"
        f"{others}{within} GROUP BY {earner} HAVING times >= {{least:UInt64}}",
        values,
    ).rows
    return dict(rows)


def below(community: int | None) -> list[int] | None:
    """Return a community and everything below it; None for everywhere."""
    if community is None:
        return None
    return list(Community.objects.filter(path__contains=[community]).values_list("id", flat=True))
