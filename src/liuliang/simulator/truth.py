"""What is true of the world, counted in the plainest way, for tests to hold the product against.

Nothing here is fast or clever on purpose. Days are local to the community. A recalled message is nobody's message. People
and communities are given by their keys; "member" means between a join and the leave after it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from liuliang.simulator.world import Message, Order, World

_TELL_REPLIES = frozenset({"telegram_json", "qq_exporter_json"})
"""Formats that say which message another one answers."""

_LINK = re.compile(r"https?://[A-Za-z0-9./?=&_%#~+:-]+")


def local_time(world: World, community: int, at: int) -> datetime:
    """Return the instant ``at`` on the community's clock."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(world.communities[community].timezone))


def local_day(world: World, community: int, at: int) -> date:
    """Return the community's day on which ``at`` falls."""
    return local_time(world, community, at).date()


def days(world: World) -> list[date]:
    """Return every day of the history."""
    return [world.starting + timedelta(days=number) for number in range(world.days)]


def messages_of(world: World, community: int) -> list[Message]:
    """Return what was said in a community, in the order of time."""
    return [message for message in world.messages if message.community == community]


def messages_per_day(world: World, community: int) -> Counter[date]:
    """Return how many messages each day has; days without any are missing."""
    return Counter(local_day(world, community, message.at) for message in messages_of(world, community))


def speakers_per_day(world: World, community: int) -> dict[date, set[int]]:
    """Return who spoke on each day, the community's daily active members; days without anybody are missing."""
    speakers: dict[date, set[int]] = defaultdict(set)
    for message in messages_of(world, community):
        speakers[local_day(world, community, message.at)].add(message.person)
    return dict(speakers)


def joins_per_day(world: World, community: int, *, only_told: bool = True) -> Counter[date]:
    """Return how many came on each day; ``only_told`` leaves out those for whom the file has no line."""
    return Counter(
        local_day(world, community, join.at)
        for join in world.joins
        if join.community == community and (join.is_told or not only_told)
    )


def leaves_per_day(world: World, community: int) -> Counter[date]:
    """Return how many went on each day, removed ones included."""
    return Counter(local_day(world, community, leave.at) for leave in world.leaves if leave.community == community)


def people_joined(world: World, community: int, first: date, last: date) -> set[int]:
    """Return who came from the day ``first`` to the day ``last``, as far as the file says so."""
    return {
        join.person
        for join in world.joins
        if join.community == community and join.is_told and first <= local_day(world, community, join.at) <= last
    }


def people_left(world: World, community: int, first: date, last: date) -> set[int]:
    """Return who went from the day ``first`` to the day ``last``."""
    return {
        leave.person
        for leave in world.leaves
        if leave.community == community and first <= local_day(world, community, leave.at) <= last
    }


def people_kept(world: World, community: int, first: date, last: date) -> set[int]:
    """Return who came in that time and is a member at its end (留量)."""
    return people_joined(world, community, first, last) & members_on(world, community, last)


def members_at(world: World, community: int, at: int) -> set[int]:
    """Return who is a member just before the instant ``at``."""
    members: set[int] = set()
    changes = [(join.at, 1, join.person) for join in world.joins if join.community == community]
    changes += [(leave.at, 0, leave.person) for leave in world.leaves if leave.community == community]
    for moment, is_join, person in sorted(changes):
        if moment >= at:
            break
        if is_join:
            members.add(person)
        else:
            members.discard(person)
    return members


def members_on(world: World, community: int, day: date) -> set[int]:
    """Return who is a member at the end of the community's ``day``."""
    timezone = ZoneInfo(world.communities[community].timezone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone) + timedelta(days=1)
    return members_at(world, community, int(midnight.timestamp()))


def top_speakers(world: World, community: int, count: int = 10) -> list[tuple[int, int]]:
    """Return the people who said most and how much, equal ones by key."""
    said = Counter(message.person for message in messages_of(world, community))
    return sorted(said.items(), key=lambda item: (-item[1], item[0]))[:count]


def concentration(world: World, community: int, count: int = 10) -> float:
    """Return the part of all messages that the ``count`` busiest people wrote."""
    total = len(messages_of(world, community))
    return sum(said for _, said in top_speakers(world, community, count)) / total if total else 0.0


def never_spoke(world: World, community: int) -> set[int]:
    """Return the members at the end who never said anything in this community (潜水)."""
    spoke = {message.person for message in messages_of(world, community)}
    return members_at(world, community, world.exported_at) - spoke


def silent_since(world: World, community: int, at: int) -> set[int]:
    """Return the members at the end who said nothing at ``at`` or later, those who never did included."""
    spoke = {message.person for message in messages_of(world, community) if message.at >= at}
    return members_at(world, community, world.exported_at) - spoke


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What became of somebody after they first came. Instants, or None for what did not happen."""

    person: int
    joined_at: int
    spoke_at: int | None
    left_at: int | None


def newcomers(world: World, community: int) -> list[Newcomer]:
    """Return everybody's first join with their first words and their first leave after it, in the order of time."""
    first_join: dict[int, int] = {}
    for join in world.joins:
        if join.community == community:
            first_join.setdefault(join.person, join.at)
    first_words: dict[int, int] = {}
    for message in messages_of(world, community):
        first_words.setdefault(message.person, message.at)
    first_leave: dict[int, int] = {}
    for leave in world.leaves:
        if leave.community == community:
            first_leave.setdefault(leave.person, leave.at)
    return [Newcomer(key, at, first_words.get(key), first_leave.get(key)) for key, at in first_join.items()]


def heat_map(world: World, community: int) -> list[list[int]]:
    """Return messages by weekday (Monday first) and local hour: seven lists of twenty-four."""
    table = [[0] * 24 for _ in range(7)]
    for message in messages_of(world, community):
        moment = local_time(world, community, message.at)
        table[moment.weekday()][moment.hour] += 1
    return table


def brought_by(world: World, community: int) -> dict[int, set[int]]:
    """Return whom each inviter brought in, by invitation, code or link."""
    brought: dict[int, set[int]] = defaultdict(set)
    for join in world.joins:
        if join.community == community and join.inviter is not None:
            brought[join.inviter].add(join.person)
    return dict(brought)


def links_shared(world: World, community: int) -> Counter[str]:
    """Return in how many messages each address stands."""
    return Counter(link for message in messages_of(world, community) for link in set(_LINK.findall(message.text)))


def waits_by_thread(world: World, community: int) -> list[tuple[int, int | None]]:
    """Return for each question that was meant as one its message id and the seconds to its first answer, None without."""
    said_at = {message.id: message.at for message in messages_of(world, community)}
    return [
        (thread.question, said_at[thread.answers[0]] - said_at[thread.question] if thread.answers else None)
        for thread in world.threads
        if thread.community == community
    ]


def ends_with_mark(text: str) -> bool:
    """Say whether a text ends in a question mark."""
    return text.rstrip().endswith(("？", "?"))


def waits_by_text(
    world: World, community: int, *, asks: Callable[[str], bool] = ends_with_mark, within: int = 86_400
) -> list[tuple[int, int | None]]:
    """Return the message id of each question and the seconds to its first answer, as seen by who has only the file.

    A question is a text that ``asks``. Its answer is the first message of anybody else within ``within`` seconds that
    replies to the asker, where the file tells, or does not ask anything itself. What the asker asks before an answer has
    come belongs to the same question.
    """
    said = messages_of(world, community)
    author = {message.id: message.person for message in said}
    tells = world.communities[community].source in _TELL_REPLIES
    waits: list[tuple[int, int | None]] = []
    settled: dict[int, int] = {}
    for place, message in enumerate(said):
        if not _asks(message, asks) or place < settled.get(message.person, 0):
            continue
        wait, end = None, len(said)
        for later_place in range(place + 1, len(said)):
            later = said[later_place]
            if later.at - message.at > within:
                end = later_place
                break
            replies = tells and author.get(later.reply_to) == message.person
            if later.person != message.person and (replies or not _asks(later, asks)):
                wait, end = later.at - message.at, later_place
                break
        settled[message.person] = end
        waits.append((message.id, wait))
    return waits


def _asks(message: Message, asks: Callable[[str], bool]) -> bool:
    return message.kind == "text" and asks(message.text)


def orders_of(world: World, community: int | None = None) -> list[Order]:
    """Return the paid orders: all of them, or those whose buyer was a member of the community at that moment."""
    paid = [order for order in world.orders if order.status != "已取消"]
    if community is None:
        return paid
    stays = _stays(world, community)
    return [
        order
        for order in paid
        if order.person is not None and any(start <= order.at < end for start, end in stays.get(order.person, ()))
    ]


def sales_per_day(world: World, community: int | None = None) -> dict[date, tuple[int, int, int]]:
    """Return orders, amount and refunds (fen) by the day of the order."""
    sales: dict[date, tuple[int, int, int]] = {}
    for order in orders_of(world, community):
        day = local_day(world, community or 0, order.at)
        count, amount, refunded = sales.get(day, (0, 0, 0))
        sales[day] = (count + 1, amount + order.amount, refunded + order.refunded)
    return sales


def sales_per_person(world: World) -> dict[int, tuple[int, int, int]]:
    """Return paid orders, amount and refunds (fen) of everybody who bought."""
    sales: dict[int, tuple[int, int, int]] = {}
    for order in orders_of(world):
        if order.person is not None:
            count, amount, refunded = sales.get(order.person, (0, 0, 0))
            sales[order.person] = (count + 1, amount + order.amount, refunded + order.refunded)
    return sales


def _stays(world: World, community: int) -> dict[int, list[tuple[int, int]]]:
    stays: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for join in world.joins:
        if join.community == community:
            stays[join.person].append((join.at, world.exported_at))
    for leave in world.leaves:
        if leave.community == community:
            start, _ = max(stay for stay in stays[leave.person] if stay[0] <= leave.at)
            stays[leave.person].remove((start, world.exported_at))
            stays[leave.person].append((start, leave.at))
    return stays
