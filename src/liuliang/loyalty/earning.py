"""Earning rules: writing them, and paying by them what the log tells, each event once for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import GROWTH, POINTS
from liuliang.loyalty.behaviours import Behaviour, behaviour
from liuliang.loyalty.growth import earn_growth
from liuliang.loyalty.ledger import Posting
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.purses import find_budgets
from liuliang.loyalty.rules import Condition, Earned, Happening, Terms, award, worth
from liuliang.loyalty.validity import Validity, programme_zone, today
from liuliang.people.models import Community, Member

RULE_WRITTEN = audit.action("earning_rule.written", _("保存积分规则"))
RULE_STOPPED = audit.action("earning_rule.stopped", _("停用积分规则"))
RULE_STARTED = audit.action("earning_rule.started", _("启用积分规则"))

_FIELDS = (
    "title", "unit", "behaviour", "community_id", "conditions", "low", "high", "per", "cap_day", "cap_week", "cap_total",
    "starts_at", "ends_at", "budget", "validity", "undo_hours", "is_forgiving",
)  # fmt: skip


def write_rule(rule: EarningRule, *, at: datetime) -> EarningRule:
    """Save a rule, new or changed, if it makes sense. What was paid by it before stands.

    Raises:
        Refused: ``rule.title``, ``rule.unit``, ``rule.behaviour``, ``rule.loop``, ``rule.budget``, ``rule.undo``,
            ``validity.…`` and whatever `liuliang.loyalty.rules.Terms.check` refuses.
    """
    check_rule(rule, at=at)
    with transaction.atomic():
        before = EarningRule.objects.filter(pk=rule.pk).values(*_FIELDS).first() or {}
        if not before:
            rule.created_at, rule.staff = at, audit.actor().staff
        rule.save()
        changes = {name: (before.get(name), getattr(rule, name)) for name in _FIELDS}
        audit.record(RULE_WRITTEN, rule, name=rule.title, community=rule.community_id, changes=changes)
    return rule


def stop_rule(rule: EarningRule) -> None:
    """Let a rule pay nothing from now on; undoings still take back what it paid."""
    _switch(rule, RULE_STOPPED, is_active=False)


def start_rule(rule: EarningRule) -> None:
    """Let a stopped rule pay again, from what the log tells from now on."""
    _switch(rule, RULE_STARTED, is_active=True)


@transaction.atomic
def _switch(rule: EarningRule, what: audit.Action, *, is_active: bool) -> None:
    changed = EarningRule.objects.filter(pk=rule.pk).exclude(is_active=is_active).update(is_active=is_active)
    if changed:
        changes = {"is_active": (not is_active, is_active)}
        audit.record(what, rule, name=rule.title, community=rule.community_id, changes=changes)


def check_rule(rule: EarningRule, *, at: datetime) -> None:
    """Refuse a rule that makes no sense. Raises as `write_rule`."""
    if not rule.title.strip():
        raise Refused("rule.title")
    if rule.unit not in {POINTS, GROWTH}:
        raise Refused("rule.unit", unit=rule.unit)
    terms_of(rule).check()
    validity_of(rule).check(today(at))
    if rule.budget and (rule.unit != POINTS or not find_budgets([rule.budget])):
        raise Refused("rule.budget", budget=rule.budget)
    if not 0 <= rule.undo_hours <= 24 * 366:
        raise Refused("rule.undo")


def terms_of(rule: EarningRule, communities: Mapping[int, frozenset[int]] | None = None) -> Terms:
    """Return what a rule pays, as values.

    Args:
        rule: the rule.
        communities: what lies in and below communities that rules name, where it was read before.
    """
    found = behaviour(rule.behaviour)
    where: frozenset[int] | None = None
    if rule.community_id is not None:
        root: int = rule.community_id
        where = communities[root] if communities is not None else _below([root])[root]
    return Terms(
        rule=rule.pk or 0,
        low=rule.low,
        high=rule.high,
        per=rule.per,
        amount_field=found.by_amount,
        money=frozenset(field.key for field in found.fields if field.type == "money"),
        conditions=tuple(Condition(each["field"], each["operator"], each["value"]) for each in rule.conditions),
        communities=where,
        starts_at=rule.starts_at,
        ends_at=rule.ends_at,
        cap_day=rule.cap_day,
        cap_week=rule.cap_week,
        cap_total=rule.cap_total,
    )


def validity_of(rule: EarningRule) -> Validity:
    """Return how long the points of a rule count."""
    until = rule.validity.get("day")
    return Validity(
        rule.validity.get("kind", "never"), rule.validity.get("number", 0), date.fromisoformat(until) if until else None
    )


def _below(roots: Collection[int]) -> dict[int, frozenset[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for community, path in Community.objects.filter(path__overlap=sorted(roots)).values_list("id", "path"):
        for root in set(roots).intersection(path):
            found[root].add(community)
    return {root: frozenset(found[root]) for root in roots}


@dataclass(frozen=True, slots=True)
class Seen:
    """An event of the log, as paying looks at it."""

    id: str
    kind: str
    member: int | None
    happening: Happening


@dataclass(frozen=True, slots=True)
class Book:
    """A rule with what is needed to pay by it."""

    rule: EarningRule
    behaviour: Behaviour
    terms: Terms
    validity: Validity


def books(rules: Sequence[EarningRule]) -> list[Book]:
    """Read rules into values. Those whose behaviour nobody here knows any more are passed over."""
    below = _below({rule.community_id for rule in rules if rule.community_id is not None})
    found = []
    for rule in rules:
        try:
            found.append(Book(rule, behaviour(rule.behaviour), terms_of(rule, below), validity_of(rule)))
        except Refused:
            continue
    return found


def earner_of(book: Book, member: int | None, data: Mapping[str, Any]) -> int | None:
    """Return the member record that earns by an event, None for nobody. Nobody earns by inviting themselves."""
    if not book.behaviour.earner:
        return member
    earner = data.get(book.behaviour.earner)
    return earner if isinstance(earner, int) and earner != member else None


def cause_of(rule: int, event: str) -> str:
    """Return the cause of a reward: a rule pays for an event once."""
    return f"rule:{rule}:{event}"


class Caps:
    """What rules have given persons by local day: read once for a batch, and counted on in memory while it is paid."""

    def __init__(self, days: Mapping[tuple[int, int, date], int]) -> None:
        self._days: defaultdict[tuple[int, int], dict[date, int]] = defaultdict(dict)
        for (rule, person, day), amount in days.items():
            self._days[rule, person][day] = amount

    def earned(self, rule: int, person: int, day: date) -> Earned:
        """Return what the rule gave the person on the day, in its week (from Monday) and in all."""
        days = self._days[rule, person]
        monday = day - timedelta(days=day.weekday())
        week = sum(days.get(monday + timedelta(days=each), 0) for each in range(7))
        return Earned(days.get(day, 0), week, sum(days.values()))

    def add(self, rule: int, person: int, day: date, amount: int) -> None:
        """Count an amount."""
        days = self._days[rule, person]
        days[day] = days.get(day, 0) + amount


def pay(seen: Sequence[Seen], found: Sequence[Book], *, at: datetime, undone: Collection[tuple[int, str]] = ()) -> int:
    """Pay what events are worth by rules, in the caller's transaction; return how many rewards were given.

    Args:
        seen: events in the order of the log.
        found: the rules.
        at: now; the points begin to count today.
        undone: pairs of rule and event that were undone before they could be paid.
    """
    wanted = [(event, book, earner) for event in seen for book in found if (earner := _earner(event, book)) is not None]
    if not wanted:
        return 0
    person = _persons({earner for _event, _book, earner in wanted})
    caps = read_caps({book.rule.pk for book in found}, set(person.values()))
    zone = programme_zone()
    asked: list[tuple[Reward, Book, date]] = []
    for event, book, earner in wanted:
        who = person.get(earner)
        if who is None or (book.rule.pk, event.id) in undone:
            continue
        day = clock.local_day(event.happening.occurred_at, zone)
        amount = award(book.terms, worth(book.terms, event.happening), caps.earned(book.rule.pk, who, day))
        if amount:
            caps.add(book.rule.pk, who, day, amount)
            reward = Reward(
                who, amount, cause_of(book.rule.pk, event.id), book.validity.ends_on(clock.local_day(at, zone)),
                book.rule.pk, book.rule.budget, event.happening.community,
            )  # fmt: skip
            asked.append((reward, book, day))
    return _give(asked, at)


def _earner(event: Seen, book: Book) -> int | None:
    if event.kind not in book.behaviour.kinds or event.happening.data.get("is_recalled"):
        return None
    if not worth(book.terms, event.happening):
        return None
    return earner_of(book, event.member, event.happening.data)


def _persons(records: Collection[int]) -> dict[int, int]:
    """Return whom records mean, without bots and those who were erased: they earn nothing."""
    rows = Member.objects.filter(id__in=records, is_bot=False, erased_at=None).values_list("id", "canonical_id")
    return {record: canonical or record for record, canonical in rows}


def read_caps(rules: Collection[int], persons: Collection[int]) -> Caps:
    """Read what these rules have given these persons, all their records together."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.rule_id, coalesce(m.canonical_id, m.id), d.day, sum(d.amount)::bigint FROM people_member m"
            " JOIN loyalty_ruleday d ON d.member_id = m.id AND d.rule_id = ANY(%s)"
            " WHERE m.id = ANY(%s) OR m.canonical_id = ANY(%s) GROUP BY 1, 2, 3",
            [list(rules), list(persons), list(persons)],
        )
        return Caps({(rule, person, day): amount for rule, person, day, amount in cursor.fetchall()})


def _give(asked: Sequence[tuple[Reward, Book, date]], at: datetime) -> int:
    given = 0
    for unit, give in ((POINTS, earn), (GROWTH, earn_growth)):
        mine = [each for each in asked if each[1].rule.unit == unit]
        if mine:
            postings = give([reward for reward, _book, _day in mine], at=at)
            given += _note(mine, postings, at)
    return given


def _note(asked: Sequence[tuple[Reward, Book, date]], postings: Sequence[Posting], at: datetime) -> int:
    """Count what was given for the caps, and what an empty budget could not give."""
    paid: defaultdict[tuple[int, int, date], int] = defaultdict(int)
    refused: defaultdict[int, int] = defaultdict(int)
    for (reward, book, day), posting in zip(asked, postings, strict=True):
        if posting.is_new:
            paid[book.rule.pk, reward.member, day] += reward.amount
        elif posting.outcome == "floor":
            refused[book.rule.pk] += 1
    count_for_caps(paid)
    for rule, times in sorted(refused.items()):
        EarningRule.objects.filter(pk=rule).update(refused=F("refused") + times, refused_at=at)
    return sum(posting.is_new for posting in postings)


def count_for_caps(amounts: Mapping[tuple[int, int, date], int]) -> None:
    """Add to what rules gave persons on days; negative where rewards went back."""
    if not amounts:
        return
    keys = sorted(amounts)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_ruleday AS known (rule_id, member_id, day, amount)"
            " SELECT * FROM unnest(%s::bigint[], %s::int[], %s::date[], %s::bigint[])"
            " ON CONFLICT (rule_id, member_id, day) DO UPDATE SET amount = known.amount + excluded.amount",
            [*map(list, zip(*keys, strict=True)), [amounts[key] for key in keys]],
        )
