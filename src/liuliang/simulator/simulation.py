"""Put the world together: people, crowds, talk and orders, all from one seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from liuliang.simulator import brand
from liuliang.simulator.brand import Plan
from liuliang.simulator.crowd import DAY, Crowd, cast, gather, share_out
from liuliang.simulator.people import invent_people
from liuliang.simulator.shopping import buy, register
from liuliang.simulator.talk import Line, Room
from liuliang.simulator.world import (
    Circle,
    Community,
    Membership,
    Message,
    Person,
    Recall,
    Rename,
    Retitle,
    Thread,
    World,
)

MESSAGES_PER_PERSON_DAY = 300_000 / 3_000 / 180
"""How much is said: the demo's 300,000 messages of 3,000 people in 180 days."""

_OPENING = "群建好啦，欢迎大家！先看群公告，有问题随时说☕"


@dataclass(frozen=True, slots=True)
class _Span:
    """The time that is simulated: its first local day, its length, and its instants from and to."""

    starting: date
    days: int
    begin: int
    end: int


def simulate(*, ending: date, seed: int = 7, days: int = 180, people: int = 3_000, communities: int = 8) -> World:
    """Invent the brand's world.

    Args:
        ending: the day of the export, in the brand's time zone. History covers the ``days`` days before it and
            stops at the midnight it begins with, so that nothing lies in the future of somebody who passes today.
        seed: the same seed and arguments give the same world, on every machine.
        days: length of the history.
        people: how many there are, staff included.
        communities: how many of the brand's eight communities, in the order of `brand.PLANS`.

    Raises:
        ValueError: for fewer than 14 days, fewer than 24 people, or a number of communities outside 1 to 8.
    """
    if days < 14:
        raise ValueError("a history needs at least 14 days")
    if not 1 <= communities <= len(brand.PLANS):
        raise ValueError(f"there are between 1 and {len(brand.PLANS)} communities")
    starting = ending - timedelta(days=days)
    span = _Span(starting, days, _midnight(starting), _midnight(ending))
    plans = brand.PLANS[:communities]
    population = invent_people(people, _chance(seed, "people"))
    shares = share_out(plans, population, _chance(seed, "shares"))
    groups: list[tuple[Crowd, Room]] = []
    talkers: set[int] = set()
    for key, plan in enumerate(plans):
        random = _chance(seed, f"crowd:{plan.slug}")
        community = _found(key, plan, span, random)
        members = cast(plan, shares[key], talkers, random)
        crowd = gather(plan, community, members, population, ending=span.end, random=random)
        groups.append((crowd, _let_talk(crowd, span, people, _chance(seed, f"talk:{plan.slug}"))))
    return _assemble(seed, span, population, groups)


def _chance(seed: int, part: str) -> Random:
    """Return the dice of one part of the world: a change in one part then leaves the others as they were."""
    return Random(f"{seed}:{part}")  # noqa: S311 - invented people keep no secrets


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(brand.TIMEZONE)).astimezone(UTC).timestamp())


def _found(key: int, plan: Plan, span: _Span, random: Random) -> Community:
    ids = {
        "wechat": f"{random.randrange(10**10, 10**11)}@chatroom",
        "qq": str(random.randrange(10**8, 10**9)),
        "telegram": str(random.randrange(10**9, 2 * 10**9)),
        "whatsapp": plan.title,
    }
    return Community(
        key=key,
        slug=plan.slug,
        title=plan.title,
        type=plan.type,
        platform=plan.platform,
        source=plan.source,
        chat_id=ids[plan.platform],
        timezone=brand.TIMEZONE,
        owner=plan.owner,
        exporter=plan.owner,
        created_at=span.begin + int(plan.opens * span.days) * DAY + 10 * 3600 + random.randrange(1800),
    )


def _let_talk(crowd: Crowd, span: _Span, people: int, random: Random) -> Room:
    room = Room(crowd, ending=span.end, random=random)
    room.open(_OPENING)
    weights = [_busyness(crowd, span, day, random) for day in range(span.days)]
    quota = crowd.plan.messages * MESSAGES_PER_PERSON_DAY * people * span.days / sum(weights)
    owed = 0.0
    for day, weight in enumerate(weights):
        owed += weight * quota
        owed -= room.speak(span.begin + day * DAY, int(owed))
    return room


def _busyness(crowd: Crowd, span: _Span, day: int, random: Random) -> float:
    """Return how busy a day is against the others: life span, trend, weekday, launches, and chance."""
    plan = crowd.plan
    noise = random.lognormvariate(0, 0.18)
    opened = crowd.community.created_at - (crowd.community.created_at + brand.UTC_OFFSET) % DAY
    midnight = span.begin + day * DAY
    if midnight < opened:
        return 0.0
    age = (midnight - opened) / max((plan.closes - plan.opens) * span.days * DAY, DAY)
    busy = math.exp(math.log(plan.trend) * min(age, 1.0)) if age <= 1 else 0.004
    # A group does not talk at full strength before its people are there.
    busy *= min(1.0, 0.35 + 0.65 * (midnight - opened) / (10 * DAY)) if plan.closes == 1 else 1.0
    weekday = datetime.fromtimestamp(midnight + brand.UTC_OFFSET, UTC).weekday()
    for share in brand.LAUNCHES:
        since = day - int(share * span.days)
        if 0 <= since < 4:
            busy *= 1 + (plan.launch - 1) * (1.0, 0.7, 0.4, 0.2)[since]
    return busy * plan.week[weekday] * noise


def _assemble(seed: int, span: _Span, people: tuple[Person, ...], groups: list[tuple[Crowd, Room]]) -> World:
    crowds = [crowd for crowd, _ in groups]
    messages: list[Message] = []
    recalls: list[Recall] = []
    renames: list[Rename] = []
    threads: list[Thread] = []
    memberships: list[Membership] = []
    for crowd, room in groups:
        random = _chance(seed, f"names:{crowd.plan.slug}")
        key = crowd.community.key
        ids: dict[Line, int] = {}
        changes = _changes_of_name(crowd, random)
        spoken: dict[int, int] = {}
        for number, line in enumerate(sorted(room.lines, key=lambda line: line.at), start=1):
            seat = line.seat
            if line.taken_back:
                recalls.append(Recall(line.at, key, seat.person))
                continue
            spoken[seat.person] = spoken.get(seat.person, 0) + 1
            if seat.person in changes and spoken[seat.person] == changes[seat.person][0]:
                new = changes[seat.person][1]
                renames.append(Rename(line.at, key, seat.person, seat.name, new))
                seat.name = new
            ids[line] = number
            answers = ids.get(line.reply_to, 0) if line.reply_to else 0
            messages.append(Message(line.at, key, seat.person, seat.name, line.text, number, line.kind, answers))
        threads += [
            Thread(key, ids[question.asked], tuple(ids[line] for line in question.answers))
            for question in room.questions
        ]
        memberships += [Membership(key, seat.person, seat.name, seat.role, seat.layer) for seat in crowd.seats]
    speakers = {message.person for message in messages}
    return World(
        brand=brand.NAME,
        seed=seed,
        starting=span.starting,
        days=span.days,
        exported_at=span.end,
        people=people,
        communities=tuple(crowd.community for crowd in crowds),
        memberships=tuple(memberships),
        joins=tuple(sorted((join for crowd in crowds for join in crowd.joins), key=lambda join: join.at)),
        leaves=tuple(sorted((leave for crowd in crowds for leave in crowd.leaves), key=lambda leave: leave.at)),
        messages=tuple(sorted(messages, key=lambda message: message.at)),
        recalls=tuple(sorted(recalls, key=lambda recall: recall.at)),
        renames=tuple(sorted(renames, key=lambda rename: rename.at)),
        retitles=tuple(_retitle(crowd, span.days) for crowd in crowds if crowd.plan.old_title),
        threads=tuple(threads),
        circles=tuple(
            Circle(crowd.community.key, tuple(seat.person for seat in circle))
            for crowd, room in groups
            for circle in room.circles
        ),
        registrations=register(people, speakers, ending=span.end, random=_chance(seed, "registrations")),
        orders=buy(people, crowds, speakers, between=(span.begin, span.end), random=_chance(seed, "orders")),
    )


def _changes_of_name(crowd: Crowd, random: Random) -> dict[int, tuple[int, str]]:
    """Return who changes their name with which message of theirs: on QQ only, whose history keeps the old one."""
    if crowd.plan.platform != "qq":
        return {}
    taken = {seat.name for seat in crowd.seats}
    changes: dict[int, tuple[int, str]] = {}
    for seat in crowd.seats:
        new = seat.name + random.choice(("(已换号)", "🌙", "-努力版", "2号", "（杭州）"))
        if seat.role == "" and seat.layer != "lurker" and new not in taken and random.random() < 0.05:
            taken.add(new)
            changes[seat.person] = (2 + random.randrange(12), new)
    return changes


def _retitle(crowd: Crowd, days: int) -> Retitle:
    community = crowd.community
    at = community.created_at + int(0.12 * days) * DAY + 5 * 3600
    return Retitle(at, community.key, community.owner, community.title)
