"""Levels of members: up at once, down on schedule, each step an event that says why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, ProtectedError
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty.events import LevelLost, LevelReached
from liuliang.loyalty.levels import MONTHS, Move, Rung, check_ladder, next_review, promotion, relegation
from liuliang.loyalty.models import Level, MemberLevel, Standing
from liuliang.loyalty.purses import fact_of, growth_of, hold_growth
from liuliang.loyalty.validity import add_months, day_begins, today

LADDER_CHANGED = audit.action("levels.changed", _("修改等级"))

REVIEW = 500
"""Members looked at in one transaction."""

RISE = 500
"""Members raised in one transaction after the ladder changed."""


@dataclass(frozen=True, slots=True)
class NewLevel:
    """A level as staff write it."""

    key: str
    name: str
    threshold: int
    keep: int = 0
    rights: tuple[str, ...] = ()


@transaction.atomic
def set_ladder(levels: Sequence[NewLevel]) -> list[Level]:
    """Make these the levels, in the order of their thresholds. Levels that members are on stay with their members' key.

    Raises:
        Refused: as `liuliang.loyalty.levels.check_ladder`; ``level.name`` for one without; ``level.in_use`` when one would go
            that members are on, ``level.needed`` for one that something else asks for, such as a price.
    """
    ordered = sorted(levels, key=lambda level: level.threshold)
    if any(not level.name.strip() for level in ordered):
        raise Refused("level.name")
    _rungs(ordered)
    # Nobody rises or falls while the ladder changes.
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE loyalty_memberlevel, loyalty_level IN SHARE ROW EXCLUSIVE MODE")
    gone = Level.objects.exclude(key__in=[level.key for level in ordered])
    used = gone.annotate(count=Count("members")).filter(count__gt=0).first()
    if used is not None:
        raise Refused("level.in_use", name=used.name)
    before = list(Level.objects.order_by("threshold").values_list("key", "threshold", "keep"))
    for level in gone:
        try:
            level.delete()
        except ProtectedError:
            raise Refused("level.needed", name=level.name) from None
    # Thresholds are unique, so levels that exchange theirs would meet; they step aside first.
    for place, level in enumerate(Level.objects.order_by("id")):
        Level.objects.filter(pk=level.pk).update(threshold=2**62 + place)
    made = [
        Level.objects.update_or_create(
            key=level.key,
            defaults={
                "name": level.name, "threshold": level.threshold, "keep": level.keep, "rights": list(level.rights),
            },
        )[0]
        for level in ordered
    ]  # fmt: skip
    after = [(level.key, level.threshold, level.keep) for level in ordered]
    if made:
        audit.record(LADDER_CHANGED, made[0], changes={"levels": (before, after)})
    return made


def ladder() -> list[Rung]:
    """Return the levels from the lowest up."""
    return [Rung(*row) for row in Level.objects.order_by("threshold").values_list("key", "threshold", "keep")]


@transaction.atomic
def upgrade(persons: Collection[int], *, at: datetime) -> list[tuple[int, Move]]:
    """Put persons on the level that their growth reaches, if it is higher than theirs; return who moved."""
    rungs = ladder()
    if not rungs or not persons:
        return []
    growth = growth_of(persons)
    levels = {level.key: level for level in Level.objects.all()}
    standing = {
        row.member_id: row
        for row in MemberLevel.objects.select_for_update()
        .filter(member__in=persons)
        .select_related("level")
        .order_by("member")
    }
    moves = []
    for person in sorted(persons):
        now = standing.get(person)
        move = promotion(rungs, now.level.key if now else "", growth.get(person, 0))
        if move is None:
            continue
        MemberLevel.objects.update_or_create(
            member_id=person,
            defaults={"level": levels[move.after], "since": at, "review_on": next_review(today(at))},
        )
        moves.append((person, move))
    append(
        [
            fact_of(
                LevelReached(move.after, move.before, move.growth, move.needed),
                f"level:{person}:{move.after}:{at.isoformat()}", person, at,
            )
            for person, move in moves
        ]
    )  # fmt: skip
    return moves


def review_due(*, at: datetime) -> int:
    """Look again at a batch of members whose period is over, and step down those who did not keep their level.

    Returns:
        How many members were looked at; 0 when nobody is left for today.
    """
    day = today(at)
    with transaction.atomic():
        due = list(
            MemberLevel.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(review_on__lte=day)
            .select_related("level")
            .order_by("review_on", "member")[:REVIEW]
        )
        moves = _falls(due)
        levels = {level.key: level for level in Level.objects.all()}
        for row in due:
            move = moves.get(row.member_id)
            if move is not None:
                row.level, row.since = levels[move.after], at
            row.review_on = next_review(day)
            row.save(update_fields=["level", "since", "review_on"])
        append(
            [
                fact_of(
                    LevelLost(move.after, move.before, move.growth, move.needed),
                    f"level:{person}:{move.after}:{at.isoformat()}", person, at,
                )
                for person, move in sorted(moves.items())
            ]
        )  # fmt: skip
    return len(due)


def who_would_fall(*, levels: Sequence[NewLevel] | None = None, limit: int = 1_000) -> dict[int, Move]:
    """Return who would step down by what they have earned so far, at most ``limit`` looked at of those whose review is next.

    Args:
        levels: another ladder to look by; None for the one in force.
        limit: members looked at.
    """
    rows = MemberLevel.objects.select_related("level").order_by("review_on", "member")[:limit]
    return _falls(list(rows), _rungs(levels) if levels is not None else None)


def who_would_rise(levels: Sequence[NewLevel], *, limit: int = 1_000) -> dict[int, Move]:
    """Return who would be on a higher level by another ladder, most growth first, at most ``limit`` looked at."""
    rungs = _rungs(levels)
    persons = list(
        Standing.objects.filter(growth__gt=0).order_by("-growth", "member").values_list("member", flat=True)[:limit]
    )
    now = dict(MemberLevel.objects.filter(member__in=persons).values_list("member", "level__key"))
    growth = growth_of(persons)
    moves = {person: promotion(rungs, now.get(person, ""), growth.get(person, 0)) for person in persons}
    return {person: move for person, move in moves.items() if move is not None}


_RISING = """
FROM (SELECT s.member_id, width_bucket(s.growth, %s::bigint[]) AS place FROM loyalty_standing s
    WHERE s.growth > 0 AND s.growth >= %s) reached
LEFT JOIN loyalty_memberlevel m ON m.member_id = reached.member_id LEFT JOIN loyalty_level l ON l.id = m.level_id
WHERE reached.place > coalesce(array_position(%s::text[], l.key::text), 0)
"""


def rises(levels: Sequence[NewLevel]) -> list[tuple[str, str, int]]:
    """Return how many members would rise from which level (empty for none) to which by another ladder, over all members."""
    rungs = _rungs(levels)
    if not rungs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(l.key, ''), reached.place, count(*) {_RISING} GROUP BY 1, 2 ORDER BY 2, 1",
            _rising_values(rungs),
        )
        return [(before, rungs[place - 1].key, count) for before, place, count in cursor.fetchall()]


def raise_members(*, at: datetime, after: int = 0) -> int | None:
    """Put a batch of members who have the growth for a higher level on it, by id, as after a change of the ladder.

    Returns:
        The last member of this batch, None when nobody was left.
    """
    rungs = ladder()
    if not rungs:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT reached.member_id {_RISING} AND reached.member_id > %s ORDER BY reached.member_id LIMIT %s",
            [*_rising_values(rungs), after, RISE],
        )
        persons = [row[0] for row in cursor.fetchall()]
    if not persons:
        return None
    with transaction.atomic():
        # Or whoever rises by earning at this moment would be put back by what was known of them before.
        hold_growth(persons)
        upgrade(persons, at=at)
    return int(persons[-1])


def _rising_values(rungs: Sequence[Rung]) -> list[Any]:
    return [[rung.threshold for rung in rungs], rungs[0].threshold, [rung.key for rung in rungs]]


def _rungs(levels: Sequence[NewLevel]) -> list[Rung]:
    rungs = [Rung(level.key, level.threshold, level.keep) for level in sorted(levels, key=lambda each: each.threshold)]
    check_ladder(rungs)
    return rungs


@dataclass(frozen=True, slots=True)
class Explained:
    """What a member is told of their level: where they are, since when, what is next, and what keeps it."""

    level: str
    since: datetime | None
    growth: int
    next_level: str
    missing: int
    keep: int
    earned: int
    rights: tuple[str, ...]


def explain(person: int, *, at: datetime) -> Explained:
    """Return what a member's level rests on."""
    rungs = ladder()
    growth = growth_of([person]).get(person, 0)
    row = MemberLevel.objects.select_related("level").filter(member=person).first()
    # Growth that went back leaves the level as it is until it is looked at, so the next one is above both.
    least = max(growth, row.level.threshold if row else growth)
    above = next((rung for rung in rungs if rung.threshold > least), None)
    earned = _earned({person: add_months(today(at), -MONTHS)}).get(person, 0) if row else 0
    return Explained(
        level=row.level.key if row else "",
        since=row.since if row else None,
        growth=growth,
        next_level=above.key if above else "",
        missing=above.threshold - growth if above else 0,
        keep=row.level.keep if row else 0,
        earned=earned,
        rights=tuple(row.level.rights) if row else (),
    )


def _falls(rows: Sequence[MemberLevel], rungs: Sequence[Rung] | None = None) -> dict[int, Move]:
    rungs = ladder() if rungs is None else rungs
    # The period is the one that ends with the review.
    begun = {row.member_id: add_months(row.review_on, -MONTHS) for row in rows}
    earned = _earned(begun)
    moves = {row.member_id: relegation(rungs, row.level.key, earned.get(row.member_id, 0)) for row in rows}
    return {person: move for person, move in moves.items() if move is not None}


def _earned(begun: Mapping[int, date]) -> dict[int, int]:
    """Return the growth that persons earned since the day given for each, less what went back."""
    if not begun:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH asked AS (SELECT w.person, w.since, a.id FROM unnest(%s::int[], %s::timestamptz[]) AS w (person, since)"
            " JOIN people_member m ON m.id = w.person OR m.canonical_id = w.person"
            " JOIN loyalty_account a ON a.member_id = m.id AND a.unit = 'growth' AND a.kind = 'member')"
            " SELECT person, sum(amount)::bigint FROM ("
            " SELECT q.person, t.amount FROM asked q JOIN loyalty_transfer t ON t.target_id = q.id AND t.at >= q.since"
            " UNION ALL"
            " SELECT q.person, -t.amount FROM asked q JOIN loyalty_transfer t ON t.source_id = q.id AND t.at >= q.since"
            ") moved GROUP BY person",
            [list(begun), [day_begins(day) for day in begun.values()]],
        )
        return dict(cursor.fetchall())
