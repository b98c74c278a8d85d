"""Decide who is in which community: who came when, brought by whom, and who went."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

from liuliang.simulator import brand
from liuliang.simulator.brand import Plan
from liuliang.simulator.formats.entries import Role
from liuliang.simulator.world import Community, How, Join, Layer, Leave, Person

DAY = 86_400

_WECHAT_LIMIT = 490
"""A WeChat group holds 500; operators stop short of it."""

_WAYS: dict[str, tuple[tuple[How, float], ...]] = {
    "wechat": (("invite", 5), ("code", 4), ("alone", 1)),
    "qq": (("invite", 4), ("alone", 6)),
    "telegram": (("invite", 3), ("link", 7)),
    "whatsapp": (("invite", 5), ("link", 5)),
}
"""How people come in, as far as the history of each platform can tell."""


@dataclass(slots=True, eq=False)
class Seat:
    """One person's place in a community. ``stays`` are (from, to) instants; they say nothing after ``speaks_until``."""

    person: int
    name: str
    role: Role
    layer: Layer
    weight: float
    stays: list[tuple[int, int]] = field(default_factory=list)
    speaks_until: float = math.inf

    def is_here(self, at: int) -> bool:
        """Say whether they are in the community at ``at``."""
        return any(start <= at < end for start, end in self.stays)

    def may_speak(self, at: int) -> bool:
        """Say whether they are in the community and still willing to speak."""
        return at < self.speaks_until and self.is_here(at)


@dataclass(slots=True)
class Crowd:
    """Everybody who ever was in one community."""

    plan: Plan
    community: Community
    seats: list[Seat]
    joins: list[Join]
    leaves: list[Leave]


_SPEAKING: dict[Layer, float] = {
    "staff": 5, "pillar": 0, "core": 30, "active": 8, "occasional": 1.3, "silent": 5, "lost": 4, "lurker": 0,
}  # fmt: skip
"""How often each layer speaks against the others. The pillar's share is not left to chance."""


def share_out(plans: tuple[Plan, ...], people: tuple[Person, ...], random: Random) -> list[list[int]]:
    """Return for each plan the keys of its members, staff apart: everybody has one home, some have several."""
    members = [person for person in people if not person.is_staff]
    wanted = [max(6, round(plan.joins * len(people))) for plan in plans]
    for place, plan in enumerate(plans):
        if plan.platform == "wechat":
            wanted[place] = min(wanted[place], _WECHAT_LIMIT)
    chosen: list[dict[int, None]] = [{} for _ in plans]
    for person in random.sample(members, len(members)):
        open_places = [place for place, plan in enumerate(plans) if plan.platform in person.names]
        room = [max(wanted[place] - len(chosen[place]), 0) for place in open_places]
        if any(room):
            chosen[random.choices(open_places, room)[0]][person.key] = None
    for place, plan in enumerate(plans):
        fitting = [
            person.key for person in members if plan.platform in person.names and person.key not in chosen[place]
        ]
        for key in random.sample(fitting, min(len(fitting), max(wanted[place] - len(chosen[place]), 0))):
            chosen[place][key] = None
    return [list(keys) for keys in chosen]


def cast(plan: Plan, keys: list[int], talkers: set[int], random: Random) -> list[tuple[int, Layer]]:
    """Return how each of ``keys`` will behave. Who talks in one community seldom lurks in the next.

    ``talkers`` are those who talk somewhere; the new ones are added.
    """
    weights = brand.layers_of(plan)
    layers: list[Layer] = ["core", "active", "occasional", "silent", "lost", "lurker"]
    drawn = random.choices(layers, [weights[layer] for layer in layers], k=len(keys))
    members: list[tuple[int, Layer]] = []
    for key, layer in zip(keys, drawn, strict=True):
        if layer == "lurker" and key in talkers and random.random() < 0.8:
            members.append((key, "occasional"))
        else:
            members.append((key, layer))
    talkers.update(key for key, layer in members if layer != "lurker")
    return members


def gather(
    plan: Plan,
    community: Community,
    members: list[tuple[int, Layer]],
    people: tuple[Person, ...],
    *,
    ending: int,
    random: Random,
) -> Crowd:
    """Let the staff and the ``members`` come, and some of them go again, before the instant ``ending``."""
    crowd = Crowd(plan, community, [], [], [])
    opened = community.created_at
    owner = _seat(plan, people[plan.owner], "owner", "staff", random)
    owner.stays.append((opened, ending))
    crowd.seats.append(owner)
    is_told = plan.platform in {"telegram", "whatsapp"}
    crowd.joins.append(Join(opened, community.key, plan.owner, "created", None, is_told=is_told))
    for number, key in enumerate(plan.staff, start=1):
        seat = _seat(plan, people[key], "admin", "staff", random)
        _enter(crowd, [seat], (opened + 60 * number, ending), "invite", plan.owner)
    seats = [_seat(plan, people[key], "", layer, random) for key, layer in members]
    if plan.has_pillar:
        _raise_pillar(seats)
    _let_in(crowd, seats, ending, random)
    _let_out(crowd, ending, random)
    crowd.joins.sort(key=lambda join: join.at)
    crowd.leaves.sort(key=lambda leave: leave.at)
    return crowd


def _seat(plan: Plan, person: Person, role: Role, layer: Layer, random: Random) -> Seat:
    weight = _SPEAKING[layer] * random.lognormvariate(0, 0.7)
    return Seat(person.key, person.names[plan.platform], role, layer, weight)


def _raise_pillar(seats: list[Seat]) -> None:
    pillar = seats[0]
    pillar.layer, pillar.weight = "pillar", 0.0


def _enter(crowd: Crowd, seats: list[Seat], stay: tuple[int, int], how: How, inviter: int | None) -> None:
    for seat in seats:
        if not seat.stays:
            crowd.seats.append(seat)
        seat.stays.append(stay)
        crowd.joins.append(Join(stay[0], crowd.community.key, seat.person, how, inviter))


def _let_in(crowd: Crowd, seats: list[Seat], ending: int, random: Random) -> None:
    """Spread the arrivals over time, now and then several together; members bring members if the plan says so."""
    plan = crowd.plan
    moments = sorted(_arrival(crowd, ending, random) for _ in seats)
    ways = _WAYS[plan.platform]
    hosts = [seat for seat in crowd.seats if seat.layer == "staff"]
    host_weights = [4.0 if plan.referral else 30.0] * len(hosts)
    place = 0
    while place < len(seats):
        at = moments[place]
        how = random.choices([way for way, _ in ways], [weight for _, weight in ways])[0]
        if plan.referral and random.random() < 0.45:
            how = "invite"
        inviter: int | None = None
        if how in {"invite", "code"}:
            inviter = random.choices(hosts, host_weights)[0].person
        elif how == "link" and plan.platform == "telegram":
            inviter = plan.owner
        together = 1 + min(int(random.expovariate(1.6)), 3) if how == "invite" else 1
        arrived = seats[place : place + together]
        _enter(crowd, arrived, (at, ending), how, inviter)
        for seat in arrived:
            _tire(seat, at, ending, random)
            if seat.layer in {"core", "active", "occasional", "pillar"}:
                hosts.append(seat)
                host_weights.append(random.lognormvariate(0, 1.5) if plan.referral else random.lognormvariate(-1, 1))
        place += together


def _arrival(crowd: Crowd, ending: int, random: Random) -> int:
    """Return an instant at which somebody comes: a rush at the opening, then steadily, or faster and faster by referral."""
    plan = crowd.plan
    opened = crowd.community.created_at + 600
    span = ending - opened
    if plan.closes < 1:
        at = opened + int(min(random.expovariate(2.2), 8.0) * DAY)
    elif plan.referral:
        at = opened + int(span * math.log1p(random.random() * 9) / math.log(10))
    elif random.random() < 0.35:
        at = opened + int(min(random.expovariate(0.5), 8.0) * DAY)
    else:
        at = opened + int(span * random.random())
    hour = random.choices(range(24), plan.hours)[0]
    midnight = at - (at + brand.UTC_OFFSET) % DAY
    at = midnight + hour * 3600 + random.randrange(3600)
    if at < opened:
        at = opened + random.randrange(3 * 3600)
    return min(at, ending - 1800)


def _tire(seat: Seat, at: int, ending: int, random: Random) -> None:
    """Let silent and lost people fall silent for good: at once, or well before the end."""
    if seat.layer not in {"silent", "lost"}:
        return
    days = random.expovariate(1 / 12 if seat.layer == "silent" else 1 / 6)
    latest = max(ending - 31 * DAY, at + DAY // 2)
    seat.speaks_until = min(at + 1800 + int(days * DAY), latest)


def _let_out(crowd: Crowd, ending: int, random: Random) -> None:
    """Let people leave where the platform's history can show it; WeChat shows only whom the exporter removed."""
    plan = crowd.plan
    members = [seat for seat in crowd.seats if seat.role == "" and seat.layer != "pillar"]
    if plan.platform == "wechat":
        for seat in random.sample(members, len(members) // 60):
            _leave(crowd, seat, ending, random, by=crowd.community.exporter)
        return
    ready = {"lost": 12.0, "lurker": 2.0, "silent": 2.0, "occasional": 1.0}
    # Drawing without replacement by weight: Efraimidis and Spirakis, "Weighted random sampling", 2006.
    ranked = sorted(members, key=lambda seat: random.random() ** (1 / ready.get(seat.layer, 0.15)), reverse=True)
    for seat in ranked[: round(plan.leaves * len(members))]:
        removed = random.random() < 0.07
        at = _leave(crowd, seat, ending, random, by=plan.owner if removed else None)
        back = at + int((3 + random.random() * 20) * DAY)
        if at and not removed and plan.platform == "qq" and random.random() < 0.06 and back < ending - DAY:
            _enter(crowd, [seat], (back, ending), "alone", None)


def _leave(crowd: Crowd, seat: Seat, ending: int, random: Random, *, by: int | None) -> int:
    """Take ``seat`` out at some moment after it came in; return the moment, 0 if there is no time left for it."""
    start, _ = seat.stays[-1]
    days = 0.05 + random.expovariate(1 / (20 if seat.layer == "lost" else 45))
    at = start + int(days * DAY)
    if seat.layer == "lost":
        at = max(at, int(seat.speaks_until) + 600)
    # Few leave in the dead of night.
    if (at + brand.UTC_OFFSET) % DAY < 7 * 3600:
        at += 8 * 3600
    if at >= ending - 600:
        return 0
    seat.stays[-1] = (start, at)
    crowd.leaves.append(Leave(at, crowd.community.key, seat.person, by))
    return at
