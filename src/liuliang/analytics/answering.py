"""How long questions wait, over any number of communities: the rule of `conversation.response`, told in SQL.

An answer is the first message after the question by somebody else that replies to the asker or asks nothing itself.
Messages are numbered in each community. The next one that asks nothing is either by somebody else, or by the asker; then
the answer is where the next run of messages by one person begins. All of these are as-of joins, so the cost grows with
the messages and never with messages times questions.
"""

from __future__ import annotations

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.conversation import ANSWER_WITHIN
from liuliang.analytics.counting import Teller, split, starting
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.lake.queries import read_once
from liuliang.lake.tables import EVENT

FEWEST_WAITS = 6
"""Of five, the median lies outside of all of them more often than one time in twenty (2 * 0.5 ** 5)."""


def median_wait(asked: Asked) -> Statement:
    """Return how to find the median seconds that the questions of a bucket waited, of those answered within a day.

    The columns after part and start are the median, how many were answered, and the 95% interval of the median from the
    order statistics. There is none of fewer than `FEWEST_WAITS`.
    """
    relation, values = waits(asked)
    rows, values = split(asked, relation, "community, member, day, wait", values)
    spread = "1.959964 * sqrt(n) / 2"
    return Statement(
        "SELECT part, start, sorted[intDiv(n + 1, 2)] / 1000, n,"
        f" if(n < {FEWEST_WAITS}, NULL, sorted[greatest(1, toInt64(floor(n / 2 - {spread})))] / 1000),"
        f" if(n < {FEWEST_WAITS}, NULL, sorted[least(n, toInt64(ceil(n / 2 + {spread})) + 1)] / 1000)"
        f" FROM (SELECT part, {starting(asked.step)} AS start, arraySort(groupArray(wait)) AS sorted,"
        f" toInt64(length(sorted)) AS n FROM {rows} WHERE wait >= 0 GROUP BY part, start)",
        values,
    )


def askers(*, answered: bool) -> Teller:
    """Return how to name who asked what was answered within a day, or what was not."""
    condition = "wait >= 0" if answered else "wait < 0"

    def tell(asked: Asked) -> Statement:
        relation, values = waits(asked)
        rows, values = split(asked, relation, "community, member, day, wait", values)
        return Statement(f"SELECT part, {starting(asked.step)} AS start, member FROM {rows} WHERE {condition}", values)

    return tell


def waits(asked: Asked) -> tuple[str, dict[str, object]]:
    """Return the SELECT of every question asked on the period's days: community, asker, day, and milliseconds (-1: none)."""
    read = Period(asked.period.first, asked.period.last + ONE_DAY)
    during, values = asked.scope.during(read)
    # To number the messages is most of the work.
    held = read_once(EVENT, *asked.scope.instants(read))
    within = int(ANSWER_WITHIN.total_seconds() * 1000)
    told = (
        "SELECT community, member, other, toUnixTimestamp64Milli(occurred_at) AS ms,"
        " JSONExtractBool(data, 'is_question') AS asks,"
        " row_number() OVER (PARTITION BY community ORDER BY occurred_at, position) AS n FROM {events}"
        f" WHERE kind = 'message.sent' AND {during} AND NOT JSONExtractBool(data, 'is_recalled')"
    )
    # Unsigned numbers and a default of 0: a row without an answer has n = 0.
    plain = "SELECT community, member, n, ms FROM said WHERE NOT asks"
    begins = (
        "SELECT community, n, ms FROM (SELECT community, member, n, ms,"
        " lagInFrame(member, 1, 0) OVER (PARTITION BY community ORDER BY n"
        f" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before FROM ({plain})) WHERE member != before"
    )
    replies = "SELECT community, other AS asker, n, ms FROM said WHERE other != 0 AND other != member"
    answered = f"""
        SELECT q.community AS community, q.member AS member, q.ms AS ms, q.n AS n,
            if(p.n = 0 OR p.member != q.member, p.n, b.n) AS plain_n,
            if(p.n = 0 OR p.member != q.member, p.ms, b.ms) AS plain_ms,
            r.n AS reply_n, r.ms AS reply_ms,
            if(reply_n != 0 AND (plain_n = 0 OR reply_n < plain_n), reply_n, plain_n) AS answer_n,
            if(reply_n != 0 AND (plain_n = 0 OR reply_n < plain_n), reply_ms, plain_ms) AS answer_ms
        FROM (SELECT community, member, n, ms FROM said WHERE asks) AS q
        ASOF LEFT JOIN ({plain}) AS p ON p.community = q.community AND p.n > q.n
        ASOF LEFT JOIN ({begins}) AS b ON b.community = q.community AND b.n > p.n
        ASOF LEFT JOIN ({replies}) AS r ON r.community = q.community AND r.asker = q.member AND r.n > q.n
    """
    # What the same person asks before an answer has come is one question, from its first sentence on, for a day.
    kept = (
        "SELECT community, member, answer_n, any(answer_ms) AS answer_ms, arraySort(groupArray(ms)) AS asked,"
        f" arrayFold((kept, at) -> if(at - kept[-1] > {within}, arrayPushBack(kept, at), kept), asked, [asked[1]]) AS questions"
        f" FROM ({answered}) GROUP BY community, member, answer_n"
    )
    values = {**values, "first": asked.period.first.isoformat(), "last": asked.period.last.isoformat()}
    day = local_day_of(asked.scope, "fromUnixTimestamp64Milli(question, 'UTC')")
    relation = (
        f"WITH said AS {held} ({told}) SELECT community, member, {day} AS day,"
        f" if(answer_n != 0 AND answer_ms - question <= {within}, answer_ms - question, -1) AS wait"
        f" FROM ({kept}) ARRAY JOIN questions AS question WHERE day <= {{last:Date}}"
    )
    return relation, values
