"""How often people met a product before they bought it, and from how often on meeting it again brings no more buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.acts import EVIDENCE
from liuliang.analytics.base import SMALL, Asked, Statement
from liuliang.analytics.definitions import Definition
from liuliang.analytics.happenings import happened
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import stamp
from liuliang.kernel.errors import Refused
from liuliang.lake.queries import query

FIRSTS = (0, 1, 3, 5, 8, 13)
"""The least touches of each group; the last group is open."""

LONGEST_WINDOW = timedelta(days=92)
MOST_WORDS = 50
"""Words looked for at once."""

SHORTEST_WORD, LONGEST_WORD = 2, 120
"""Characters of a word: one of a single character is found in every other message."""

MOST_PRODUCTS = 100
FEWEST_BUYERS = 30
"""With fewer buyers nothing is said of what is too few or too many."""

TOUCHES = Definition(
    "touches",
    _("购买前见过几次"),
    _(
        "一次触达：一个群在一天里第一条由别人发的、文字里提到这个商品的消息，发出时这个人在群里。一个群一天最多一次；撤回的不算，机器人和群主发的都算。"
        "提到就是消息里有你写的任何一个叫法，不分大小写。每个人只看期内第一单，数下单前这些天里的触达。没有进群记录的人当作一直在群。"
        "群里发过不等于本人看到；私聊、海报和别的平台上见到的不在内。"
    ),
    _("人"),
)
TOUCH_RATE = Definition(
    "touch_rate",
    _("每万人每天有几个人买"),
    _(
        "期内每个人在群满了这些天、还没下第一单的时间，按那一刻往前这些天里的触达次数分组；每组买了的人数，除以这组的人·天，乘以一万。"
        "按时间算，是因为停在一组里越久，越可能在那一组里买；刚进群的人不算，是因为他们来不及见几次，却往往买得多。区间是 95% 的泊松计分区间，不到 30 人的组不下结论；"
        "组与组之间的差别一起按 Benjamini–Hochberg 控制在 5%。见得多的人往往本来就更活跃：这是相关，不证明多发就会多卖。"
    ),
    _("人"),
)

Judgement = Literal["few", "enough", "more", "less", ""]
"""What a group says: surely fewer bought than where it is enough; enough; no more than enough; surely fewer again; nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which product (empty for all of them), the words that name it in chat, and how far back touches count."""

    asked: Asked
    product: str
    words: tuple[str, ...]
    window: timedelta

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            Refused: ``touches.window``, ``touches.words``.
        """
        if not timedelta(0) < self.window <= LONGEST_WINDOW:
            raise Refused("touches.window", days=LONGEST_WINDOW.days)
        if len(self.words) > MOST_WORDS or not all(SHORTEST_WORD <= len(word) <= LONGEST_WORD for word in self.words):
            raise Refused("touches.words", most=MOST_WORDS, shortest=SHORTEST_WORD, longest=LONGEST_WORD)


@dataclass(frozen=True, slots=True)
class Group:
    """People while they had met it ``first`` to ``last`` times (None: or more); ``buyers`` bought while in it.

    The rest is of who had been there for the whole window: newcomers cannot have met it often yet, and buy more than others.
    ``people`` of them were ever in the group during the period, for ``days`` person-days, and ``settled_buyers`` bought.
    """

    first: int
    last: int | None
    buyers: int = 0
    people: int = 0
    settled_buyers: int = 0
    days: float = 0.0

    @property
    def rate(self) -> float | None:
        """Return the buyers per person-day; None where nobody was in it."""
        return self.settled_buyers / self.days if self.days else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the rate's 95 % interval."""
        return noise.rate_interval(self.settled_buyers, self.days)

    @property
    def is_small(self) -> bool:
        """Tell whether too few were in it to say anything."""
        return self.people < SMALL


@dataclass(frozen=True, slots=True)
class Touches:
    """The groups in order with what each says, who bought without being in any of the groups, and what was found said.

    ``messages`` name the product, on ``days`` days of communities.
    """

    groups: tuple[Group, ...]
    judgements: tuple[Judgement, ...]
    outside: int
    messages: int
    days: int

    @property
    def buyers(self) -> int:
        """Return the buyers whose touches are known."""
        return sum(group.buyers for group in self.groups)

    @property
    def settled_buyers(self) -> int:
        """Return those of them who had been there for the whole window."""
        return sum(group.settled_buyers for group in self.groups)

    @property
    def newcomers(self) -> int:
        """Return those of them who had not."""
        return self.buyers - self.settled_buyers


@dataclass(frozen=True, slots=True)
class Sold:
    """A product as its orders name it, and the people who bought it in the period."""

    name: str
    buyers: int


@remembered
def sold(asked: Asked) -> tuple[Sold, ...]:
    """Return what was bought in the period, what most people bought first."""
    orders, values = happened(asked.scope, ["order.paid"], asked.period, by_community=False, name="bought")
    rows = query(
        f"SELECT JSONExtractString(data, 'product') AS product, uniqExact(member) AS buyers FROM {orders}"
        " WHERE product != '' GROUP BY product ORDER BY buyers DESC, product LIMIT {most:UInt32}",
        {**values, "most": MOST_PRODUCTS},
    ).rows
    return tuple(Sold(name, int(buyers)) for name, buyers in rows)


@remembered
def touches(question: Question) -> Touches:
    """Return how often buyers had met the product, and how many of those with so many touches bought."""
    statement = statement_of(question)
    found = {int(row[0]): row[1:] for row in query(statement.sql, statement.values).rows}
    lasts = [*(first - 1 for first in FIRSTS[1:]), None]
    groups = tuple(
        Group(first, last, *_numbers(found.get(place)))
        for place, (first, last) in enumerate(zip(FIRSTS, lasts, strict=True), start=1)
    )
    orders, values = _bought(question)
    buyers = int(query(f"SELECT count() FROM {orders}", values).rows[0][0])
    told, values = _told(question)
    messages, days = query(f"SELECT count(), uniqExact(community, day) FROM {told}", values).rows[0]
    outside = buyers - sum(group.buyers for group in groups)
    return Touches(groups, judged(groups), outside, int(messages), int(days))


def _numbers(row: Sequence[Any] | None) -> tuple[int, int, int, float]:
    if row is None:
        return 0, 0, 0, 0.0
    buyers, people, settled_buyers, milliseconds = row
    return int(buyers), int(people), int(settled_buyers), float(milliseconds) / 86_400_000


def judged(groups: Sequence[Group]) -> tuple[Judgement, ...]:
    """Return what each group says.

    It is enough in the first group from which on no group surely surpasses one before it. Nothing is said with few buyers, of
    small groups, where all groups may be alike, and where the numbers go up and down: fewer touches did surely better.
    """
    said: list[Judgement] = [""] * len(groups)
    places = [place for place, group in enumerate(groups) if not group.is_small and group.days]
    pairs = list(combinations(places, 2))
    if sum(group.settled_buyers for group in groups) < FEWEST_BUYERS or not pairs:
        return tuple(said)
    compared = [_compared(groups[earlier], groups[later]) for earlier, later in pairs]
    believed = noise.discoveries([surprise for _is_higher, surprise in compared])
    higher, lower = set[tuple[int, int]](), set[tuple[int, int]]()
    for pair, (is_higher, _surprise), is_real in zip(pairs, compared, believed, strict=True):
        if is_real:
            (higher if is_higher else lower).add(pair)
    if not higher and not lower:
        return tuple(said)
    last_rise = max((earlier for earlier, _later in higher), default=-1)
    enough = next(place for place in places if place > last_rise)
    if any((place, enough) in lower for place in places):
        return tuple(said)
    said[enough] = "enough"
    for place in places:
        if place < enough and (place, enough) in higher:
            said[place] = "few"
        elif place > enough:
            said[place] = "less" if (enough, place) in lower else "more"
    return tuple(said)


def _compared(earlier: Group, later: Group) -> tuple[bool, float]:
    """Tell whether the later group's rate is higher, and how surprising the difference would be by chance.

    Given how many bought in both, those of the later one are a binomial draw with its share of the time.
    """
    both = earlier.settled_buyers + later.settled_buyers
    interval = noise.wilson(later.settled_buyers, both)
    if interval is None:
        return False, 1.0
    expected = later.days / (earlier.days + later.days)
    difference = later.settled_buyers / both - expected
    return difference > 0, noise.surprise_of(difference, interval[0] - expected, interval[1] - expected)


def members_in(question: Question, place: int) -> tuple[int, ...]:
    """Return who bought while in the group at ``place`` (from 0)."""
    relation, values = _slices(question)
    rows = query(
        f"SELECT DISTINCT member FROM {relation} WHERE has_bought AND bucket = {{bucket:UInt32}} ORDER BY member",
        {**values, "bucket": place + 1},
    ).rows
    return tuple(int(row[0]) for row in rows)


def statement_of(question: Question) -> Statement:
    """Return the SQL of the groups: place from 1, and the numbers of a `Group`, the days in milliseconds."""
    relation, values = _slices(question)
    return Statement(
        "SELECT bucket, sum(has_bought) AS buyers, uniqExactIf(member, is_settled) AS people,"
        " sumIf(has_bought, is_settled) AS settled_buyers, sumIf(length, is_settled) AS milliseconds"
        f" FROM {relation} GROUP BY bucket ORDER BY bucket",
        values,
    )


def _bought(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of the first order of each buyer in the period: member, and when, in milliseconds."""
    asked = question.asked
    orders, values = happened(asked.scope, ["order.paid"], asked.period, by_community=False, name="bought")
    named = ""
    if question.product:
        named = " AND JSONExtractString(data, 'product') = {product:String}"
        values["product"] = question.product
    return (
        f"(SELECT member, min(toUnixTimestamp64Milli(occurred_at)) AS bought_at FROM {orders}"
        f" WHERE occurred_at < {{bought_until:DateTime64(3, 'UTC')}}{named} GROUP BY member)"
    ), {**values, "bought_until": stamp(asked.until)}


def _told(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of the messages that name the product: community, local day, speaker, when in milliseconds."""
    asked = question.asked
    begin, end = asked.period.instants(asked.timezone)
    # Everybody's messages, robots' too: it is who reads them that the scope's people are.
    among, values = _everybody(asked)
    day = local_day_of(asked.scope, "occurred_at")
    # What was said is read outside of the inner query, of the communities and days in question alone.
    return (
        f"(SELECT community, {day} AS day, member, toUnixTimestamp64Milli(occurred_at) AS at FROM (SELECT community, member,"
        f" occurred_at, data FROM {{events}} WHERE kind = 'message.sent' AND {among}"
        " AND occurred_at >= {said_from:DateTime64(3, 'UTC')} AND occurred_at < {said_until:DateTime64(3, 'UTC')})"
        " WHERE multiSearchAnyCaseInsensitiveUTF8(JSONExtractString(data, 'text'), {words:Array(String)})"
        " AND NOT JSONExtractBool(data, 'is_recalled'))"
    ), {
        **values,
        "said_from": stamp(begin - question.window),
        "said_until": stamp(min(end, asked.until)),
        "words": list(question.words),
    }


def _everybody(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the SQL that keeps to the scope's communities and leaves nobody out."""
    if asked.scope.is_everything:
        return "community != 0", {}
    return "community IN {told_in:Array(UInt32)}", {"told_in": list(asked.scope.communities)}


def _stays(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of who was where: member, community, and the (begin, end) of each stay in milliseconds.

    Whoever never said when they came, was seen before they came, or first of all left, has been there all along.
    """
    asked = question.asked
    among, values = asked.scope.condition()
    day = local_day_of(asked.scope, "occurred_at")
    moves = (
        "SELECT community, member, arraySort(groupArray((toUnixTimestamp64Milli(occurred_at), toUInt8(kind = 'member.left'),"
        f" {day}))) AS moves FROM {{events}} WHERE kind IN ('member.joined', 'member.left') AND member != 0 AND {among}"
        " AND occurred_at < {until:DateTime64(3, 'UTC')} GROUP BY community, member"
    )
    seen = (
        "SELECT community, member, min(day) AS seen FROM {member_day} WHERE kind IN {evidence:Array(String)}"
        f" AND member != 0 AND {among} AND day <= {{last:Date}} GROUP BY community, member"
    )
    opened = "if(empty(moves) OR moves[1].2 = 1 OR seen < moves[1].3, [(toInt64(0), toUInt8(0))], [])"
    states = f"arrayConcat({opened}, arrayMap(move -> (move.1, move.2), moves))"
    ends = "arrayPushBack(arrayPopFront(arrayMap(state -> state.1, states)), {until_ms:Int64})"
    return (
        "(SELECT community, member, arrayMap(pair -> (pair.1.1, pair.2), arrayFilter(pair -> pair.1.2 = 0"
        f" AND pair.2 > {{since_ms:Int64}}, arrayZip({states} AS states, {ends}))) AS stays"
        f" FROM ({seen}) AS people LEFT JOIN ({moves}) AS moved USING (community, member) WHERE notEmpty(stays))"
    ), {**values, "evidence": list(EVIDENCE)}


def _slices(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of the times in which nobody's touches changed: member, bucket, length (ms), has_bought, is_settled.

    A touch counts from its message until the window is over; both ends are steps, as coming and going are, and running sums
    of the steps in order say how many touches somebody had and whether they were anywhere. Time ends with the first order.
    """
    asked = question.asked
    begin, end = asked.period.instants(asked.timezone)
    until = max(begin, min(end, asked.until))
    window = int(question.window.total_seconds() * 1000)
    bought, values = _bought(question)
    told, more = _told(question)
    stays, most = _stays(question)
    values |= more | most
    values |= {
        "until": stamp(until),
        "last": asked.period.last.isoformat(),
        "begin_ms": int(begin.timestamp() * 1000),
        "until_ms": int(until.timestamp() * 1000),
        "since_ms": int(begin.timestamp() * 1000) - window,
        "window_ms": window,
        "firsts": list(FIRSTS),
    }
    # The first message of a day, who wrote it, and the first by somebody else, which is the touch of that writer.
    by_speaker = f"SELECT community, day, member, min(at) AS at FROM {told} GROUP BY community, day, member"
    by_day = (
        f"SELECT community, arraySort(groupArray((at, member))) AS said FROM ({by_speaker}) GROUP BY community, day"
    )
    days = f"SELECT community, groupArray((said[1].1, said[1].2, said[2].1)) AS days FROM ({by_day}) GROUP BY community"
    met = (
        "arrayFilter(at -> at != 0 AND arrayExists(stay -> at >= stay.1 AND at < stay.2, stays),"
        " arrayMap(day -> if(day.2 = member, day.3, day.1), days))"
    )
    steps = (
        f"SELECT member, arrayConcat(arrayMap(at -> (at, 1, 0, 0), {met} AS met),"
        " arrayMap(at -> (at + {window_ms:Int64}, -1, 0, 0), met), arrayMap(stay -> (stay.1, 0, 1, 0), stays),"
        " arrayMap(stay -> (stay.2, 0, -1, 0), stays), arrayFlatten(arrayMap(stay -> [(stay.1 + {window_ms:Int64}, 0, 0, 1),"
        " (stay.2, 0, 0, -1)], arrayFilter(stay -> stay.1 + {window_ms:Int64} < stay.2, stays)))) AS steps"
        f" FROM {stays} AS there LEFT JOIN ({days}) AS told USING (community)"
    )
    people = f"SELECT member, arraySort(groupArrayArray(steps)) AS steps FROM ({steps}) GROUP BY member"
    return (
        "(SELECT member, arrayCount(least_ -> least_ <= had, {firsts:Array(Int32)}) AS bucket,"
        " toUInt8(bought_at != 0 AND begins <= bought_at AND bought_at < ends) AS has_bought, greatest(toInt64(0),"
        " least(ends, if(bought_at != 0, bought_at, {until_ms:Int64})) - greatest(begins, {begin_ms:Int64})) AS length,"
        " homes > 0 AS is_settled"
        " FROM (SELECT member, bought_at, begins, ends, had, places, homes FROM ("
        f"SELECT member, steps, bought_at FROM ({people}) AS everybody LEFT JOIN {bought} AS buyers USING (member))"
        " ARRAY JOIN arrayMap(step -> step.1, steps) AS begins, arrayPushBack(arrayPopFront(arrayMap(step -> step.1, steps)),"
        " {until_ms:Int64}) AS ends, arrayCumSum(arrayMap(step -> step.2, steps)) AS had,"
        " arrayCumSum(arrayMap(step -> step.3, steps)) AS places, arrayCumSum(arrayMap(step -> step.4, steps)) AS homes)"
        " WHERE places > 0 AND (length > 0 OR has_bought))"
    ), values
