"""Changing criteria, and moving candidates through the pool."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.cultivation.events import CandidateMoved
from liuliang.cultivation.finding import Found, minimums_of, passed_over
from liuliang.cultivation.kinds import Kind, Minimums
from liuliang.cultivation.models import Candidacy, Criteria, PassedOver
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.models import Member, Tag

CRITERIA_CHANGED = audit.action("candidate.criteria_changed", _("修改人选的条件"))
MOVED = audit.action("candidate.moved", _("人选状态变化"))

LARGEST = 1_000_000
"""The largest minimum there is sense in."""

STATES: Mapping[str, str | Promise] = {
    "candidate": _("人选"),
    "invited": _("已邀请"),
    "accepted": _("答应了"),
    "followed": _("跟进中"),
    "declined": _("没答应"),
}

NEXT: Mapping[str, tuple[str, ...]] = {
    "candidate": ("invited", "declined"),
    "invited": ("accepted", "declined"),
    "accepted": ("followed",),
    "followed": (),
    "declined": ("invited",),
}
"""Where a candidate may go from each state."""


@transaction.atomic
def change_criteria(kind: Kind, minimums: Minimums, *, at: datetime, without: Collection[int] | None = None) -> None:
    """Set what a kind of candidate must reach, and the tags whose holders are candidates of no kind (None leaves them).

    Raises:
        Refused: ``candidate.nothing_asked`` when no measure asks for anything, ``candidate.minimum`` for an impossible one.
    """
    told = {key: minimums.get(key, 0) for key in kind.minimums}
    if not any(told.values()):
        raise Refused("candidate.nothing_asked")
    if any(not 0 <= value <= LARGEST for value in told.values()):
        raise Refused("candidate.minimum", most=LARGEST)
    before = minimums_of(kind)
    row, _is_new = Criteria.objects.update_or_create(
        pk=kind.key, defaults={"minimums": told, "changed_at": at, "changed_by": audit.actor().staff}
    )
    changes: dict[str, tuple[object, object]] = {key: (before[key], value) for key, value in told.items()}
    if without is not None:
        changes["passed_over"] = _pass_over(frozenset(without))
    audit.record(CRITERIA_CHANGED, row, name=str(kind.title), changes=changes)


def _pass_over(after: frozenset[int]) -> tuple[str, str]:
    """Set the tags whose holders are passed over; return their names before and after."""
    before = passed_over()
    PassedOver.objects.exclude(tag__in=after).delete()
    PassedOver.objects.bulk_create((PassedOver(tag_id=tag) for tag in sorted(after - before)), ignore_conflicts=True)
    names = dict(Tag.objects.filter(pk__in=before | after).values_list("pk", "name"))
    first, second = (", ".join(sorted(names[tag] for tag in tags if tag in names)) for tags in (before, after))
    return first, second


@transaction.atomic
def add_candidates(kind: Kind, found: Iterable[Found], *, at: datetime) -> int:
    """Put members into the pool of a kind with what speaks for them; return how many were not there yet."""
    told = {each.member: each for each in found}
    there = set(Candidacy.objects.filter(kind=kind.key, member__in=list(told)).values_list("member_id", flat=True))
    added = 0
    for member in Member.objects.filter(id__in=told.keys() - there, erased_at=None).order_by("id"):
        candidacy, is_new = Candidacy.objects.get_or_create(
            member=member,
            kind=kind.key,
            defaults={
                "state": "candidate",
                "evidence": told[member.pk].evidence,
                "added_at": at,
                "added_by": audit.actor().staff,
                "since": at,
            },
        )
        if is_new:
            added += 1
            _tell(candidacy, "", at)
    return added


@transaction.atomic
def move_candidate(candidacy: Candidacy, state: str, *, at: datetime) -> Candidacy:
    """Bring a candidate into another state.

    Raises:
        Refused: ``candidate.state`` where that does not follow from the present one, so that nothing is done twice.
    """
    found = Candidacy.objects.select_for_update(of=("self",)).select_related("member").get(pk=candidacy.pk)
    if state not in NEXT.get(found.state, ()):
        raise Refused("candidate.state", now=STATES.get(found.state, found.state))
    before = found.state
    found.state, found.since = state, at
    if state == "accepted":
        found.accepted_at = at
    found.save(update_fields=["state", "since", "accepted_at"])
    _tell(found, before, at)
    return found


def _tell(candidacy: Candidacy, before: str, at: datetime) -> None:
    """Log the step and enter it into the record of changes."""
    who = audit.actor().staff
    payload = CandidateMoved(candidacy.kind, before, candidacy.state)
    instant = int(at.timestamp() * 1_000_000)
    source_id = f"{candidacy.pk}:{candidacy.state}:{instant}"
    member = candidacy.member
    append([Fact(payload, at, "cultivation", source_id, member.pk, actor=who.pk if who else None)])
    audit.record(MOVED, member, changes={"state": (before, candidacy.state), "kind": ("", candidacy.kind)})
