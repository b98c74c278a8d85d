"""What is talked through together, and how soon questions are answered: one reading of a community's messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.lake.queries import query

AT_MOST = 50_000
"""Messages read for one answer, the latest ones; where a period has more, the answer says so."""

PAUSE = timedelta(minutes=10)
"""A silence this long ends a conversation."""

ANSWER_WITHIN = timedelta(hours=24)

THREADS = Definition(
    "threads",
    _("聊得最热的几次"),
    _("相邻两条消息间隔不到 10 分钟算同一次聊天；至少两个人、五条消息才列出，按消息数排。机器人的消息不算。"),
    _("条"),
)
RESPONSE = Definition(
    "response",
    _("问题多久有人回应"),
    _(
        "提问之后，同一个群里另一个人（机器人除外）发出的第一条回应：回复或引用提问者的消息，或者本身不是提问的任何消息。"
        "同一个人在有人回应之前连着问几句算一个问题，从第一句算起。24 小时内没有回应算没人回应；期末前不满 24 小时又还没有回应的不计入。"
    ),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message as conversations are told from: who, when, whom it answers (0 for nobody), whether it asks, its opening."""

    member: int
    at: datetime
    answers: int = 0
    is_question: bool = False
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation: messages without a long pause between them."""

    began_at: datetime
    ended_at: datetime
    messages: int
    people: int
    opener: int
    opening: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that nobody answered within a day."""

    member: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Response:
    """How questions fared. Durations are seconds; ``pending`` questions have less than a day behind them and no answer."""

    questions: int
    answered: int
    pending: int
    median: float | None
    p90: float | None
    unanswered: tuple[Unanswered, ...]

    @property
    def unanswered_count(self) -> int:
        """Return how many questions got no answer within a day."""
        return self.questions - self.answered - self.pending

    @property
    def unanswered_share(self) -> float | None:
        """Return the share without an answer, of the questions of which it is known."""
        known = self.questions - self.pending
        return self.unanswered_count / known if known else None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Threads and answers of a period. ``since`` is the instant from which on messages were read, if not all were."""

    threads: tuple[Thread, ...]
    response: Response
    since: datetime | None


@remembered
def conversation(scope: Scope, period: Period, until: datetime) -> Conversation:
    """Return what was talked through in one community in ``period``, and how soon questions were answered.

    Args:
        scope: the community.
        period: the days on which conversations begin and questions are asked; answers are looked for a day longer.
        until: the end of what the log knows.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, _community = one_community(scope)
    during, values = scope.during(Period(period.first, period.last + ONE_DAY))
    rows = query(
        # Conditions on the payload stay outside of the LIMIT: inside, the payload of every community would be read.
        "SELECT member, occurred_at, other, JSONExtractBool(data, 'is_question'),"
        " substringUTF8(JSONExtractString(data, 'text'), 1, 120), JSONExtractBool(data, 'is_recalled')"
        " FROM (SELECT member, occurred_at, position, other, data FROM {events}"
        f" WHERE kind = 'message.sent' AND {during} ORDER BY occurred_at DESC, position DESC LIMIT {{most:UInt32}})"
        " ORDER BY occurred_at, position",
        {**values, "most": AT_MOST},
    ).rows
    said = [Said(int(row[0]), row[1], int(row[2]), bool(row[3]), row[4]) for row in rows if not row[5]]
    _begin, end = period.instants(timezone)
    return Conversation(
        threads=busiest(said, before=end),
        response=response(said, before=end, until=until),
        since=rows[0][1] if len(rows) == AT_MOST else None,
    )


def busiest(said: Sequence[Said], *, before: datetime, limit: int = 8) -> tuple[Thread, ...]:
    """Return the conversations with the most messages that began before ``before``; ``said`` is in order of time."""
    threads = [
        Thread(run[0].at, run[-1].at, len(run), len({each.member for each in run}), run[0].member, _opening(run))
        for run in _runs(said)
        if run[0].at < before
    ]
    real = [thread for thread in threads if thread.people >= 2 and thread.messages >= 5]
    return tuple(sorted(real, key=lambda thread: (-thread.messages, thread.began_at))[:limit])


def _runs(said: Iterable[Said]) -> Iterator[list[Said]]:
    run: list[Said] = []
    for each in said:
        if run and each.at - run[-1].at >= PAUSE:
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _opening(run: Sequence[Said]) -> str:
    return next((each.opening.strip() for each in run if each.opening.strip()), "")


def response(said: Sequence[Said], *, before: datetime, until: datetime, shown: int = 5) -> Response:
    """Return how the questions asked before ``before`` fared; ``said`` is in order of time and reaches a day further.

    ``until`` is the end of what is known: a question with less than a day to it and no answer is pending.
    """
    waits: list[float] = []
    open_questions: dict[int, Said] = {}
    ignored: list[Said] = []
    pending = asked = 0
    for each in said:
        for asker, question in list(open_questions.items()):
            if each.at - question.at > ANSWER_WITHIN:
                ignored.append(open_questions.pop(asker))
            elif asker != each.member and (each.answers == asker or not each.is_question):
                waits.append((each.at - open_questions.pop(asker).at).total_seconds())
        if each.is_question and each.at < before and each.member not in open_questions:
            asked += 1
            open_questions[each.member] = each
    for question in open_questions.values():
        if until - question.at < ANSWER_WITHIN:
            pending += 1
        else:
            ignored.append(question)
    latest = sorted(ignored, key=lambda question: question.at, reverse=True)[:shown]
    return Response(
        questions=asked,
        answered=len(waits),
        pending=pending,
        median=quantile(waits, 0.5),
        p90=quantile(waits, 0.9),
        unanswered=tuple(Unanswered(each.member, each.at, each.opening) for each in latest),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least ``share`` of the values do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    # Exact in integers: the place is ceil(share * n) for shares given in hundredths.
    place = -(-round(share * 100) * len(ordered) // 100)
    return ordered[max(place, 1) - 1]
