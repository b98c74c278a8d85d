"""Who talks with whom in one community: replies, mentions, and answering within minutes, weighed and added up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics.conversation import ANSWER_WITHIN
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.scopes import Scope
from liuliang.lake.queries import query, query_numbers
from liuliang.people.models import Member

AT_MOST = 1_000_000
"""Messages read for one answer, the latest ones; where a period has more, the answer says so."""

SOON = timedelta(minutes=3)
"""Who speaks within this after somebody else, in the same community, is taken to speak with them."""

REPLY, MENTION, FOLLOW = 3, 2, 1
"""What each counts towards a tie."""

TIED = 3
"""A tie is what reaches this: one reply, or speaking one after the other three times."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Talk:
    """Columns of messages in order of time: who, whom they replied to (0: nobody), when in milliseconds, whether it asks."""

    member: Numbers
    answers: Numbers
    at: Numbers
    asks: NDArray[np.bool_]
    mentions: Numbers
    """Rows of who mentioned whom, how often."""
    since: datetime | None = None
    """From when on messages were read, if not all were."""


@dataclass(frozen=True)
class Ties:
    """People who spoke with anybody, and between whom.

    ``one`` and ``other`` are places in ``member``, ``one`` below ``other``; each pair comes once. ``answered`` is how many
    questions each was the first to answer, ``said`` how many messages each sent.
    """

    member: Numbers
    said: Numbers
    answered: Numbers
    one: Numbers
    other: Numbers
    weight: Numbers


def read_talk(scope: Scope, period: Period) -> Talk:
    """Return what was said in one community in the period; messages that were taken back are left out.

    Raises:
        ValueError: the scope is not one community.
    """
    one_community(scope)
    during, values = scope.during(period)
    values["most"] = AT_MOST
    # Conditions on the payload stay outside of the LIMIT: inside, the payload of every community would be read.
    latest = (
        "SELECT member, other, occurred_at, position, data FROM {events}"
        f" WHERE kind = 'message.sent' AND {during} ORDER BY occurred_at DESC, position DESC LIMIT {{most:UInt32}}"
    )
    kept = f"FROM ({latest}) WHERE NOT JSONExtractBool(data, 'is_recalled')"
    member, answers, at, asks = query_numbers(
        "SELECT toInt64(member), toInt64(other), toUnixTimestamp64Milli(occurred_at),"
        f" toInt64(JSONExtractBool(data, 'is_question')) {kept} ORDER BY occurred_at, position",
        values,
        columns=4,
    )
    mentions = query_numbers(
        "SELECT toInt64(member), toInt64(whom), toInt64(count()) FROM"
        " (SELECT member, other, arrayJoin(JSONExtract(data, 'mentions', 'Array(UInt32)')) AS whom"
        f" {kept} AND position(data, 'mentions') > 0) WHERE whom != other GROUP BY member, whom",
        values,
        columns=3,
    )
    count, first = query(f"SELECT count(), min(occurred_at) FROM ({latest})", values).rows[0]
    return Talk(member, answers, at, asks > 0, _meant(mentions), first if count == AT_MOST else None)


def _meant(mentions: Numbers) -> Numbers:
    """Return mentions of the people that records mean now: a payload keeps who was recorded then."""
    if not mentions.shape[1]:
        return mentions
    known = Member.objects.filter(id__in=np.unique(mentions[1]).tolist(), canonical__isnull=False)
    meant = dict(known.values_list("id", "canonical_id"))
    whom = np.array([meant.get(each, each) for each in mentions[1].tolist()], dtype=np.int64)
    return np.vstack([mentions[0], whom, mentions[2]])


def count_ties(talk: Talk) -> Ties:
    """Return the ties that the talk makes. A reply is a reply only; who replies to nobody may have followed somebody."""
    who, whom, points = _spoken(talk)
    member, said = np.unique(talk.member, return_counts=True)
    known = (who != whom) & np.isin(who, member) & np.isin(whom, member)
    one, other = (np.searchsorted(member, column[known]) for column in (who, whom))
    low, high = np.minimum(one, other), np.maximum(one, other)
    pairs, place = np.unique(low * max(len(member), 1) + high, return_inverse=True)
    weight = np.bincount(place, weights=points[known], minlength=len(pairs)).astype(np.int64)
    strong = weight >= TIED
    answerer = first_answerers(talk)
    answered = np.bincount(np.searchsorted(member, answerer), minlength=len(member)) if len(member) else said
    return Ties(
        member,
        said.astype(np.int64),
        answered.astype(np.int64),
        pairs[strong] // max(len(member), 1),
        pairs[strong] % max(len(member), 1),
        weight[strong],
    )


def _spoken(talk: Talk) -> tuple[Numbers, Numbers, Numbers]:
    """Return who turned to whom, and how much each time counts."""
    replies = talk.answers != 0
    after = np.zeros(len(talk.member), dtype=bool)
    gap = np.diff(talk.at) <= SOON.total_seconds() * 1000
    after[1:] = gap & (talk.member[1:] != talk.member[:-1]) & ~replies[1:]
    before = np.roll(talk.member, 1)
    who = np.concatenate([talk.member[replies], talk.mentions[0], talk.member[after]])
    whom = np.concatenate([talk.answers[replies], talk.mentions[1], before[after]])
    points = np.concatenate([
        np.full(int(replies.sum()), REPLY), MENTION * talk.mentions[2], np.full(int(after.sum()), FOLLOW)
    ])  # fmt: skip
    return who, whom, points


def first_answerers(talk: Talk) -> Numbers:
    """Return who was the first to answer, once for each question that was answered, by the rule of `conversation`.

    An answer is the first message after the question by somebody else that replies to the asker or asks nothing itself,
    within a day. What the same person asks before the answer comes is one question.
    """
    count = len(talk.member)
    asked = np.flatnonzero(talk.asks)
    if not len(asked):
        return np.zeros(0, dtype=np.int64)
    asker = talk.member[asked]
    # Where no answer is, the place is one beyond the last message.
    plain = np.flatnonzero(~talk.asks)
    speaker = np.append(talk.member[plain], -1)
    begins = np.flatnonzero(np.append(True, speaker[1:] != speaker[:-1]))
    position = np.searchsorted(plain, asked)
    is_own = speaker[position] == asker
    following = np.searchsorted(begins, position, side="right")
    position = np.where(is_own, begins[np.minimum(following, len(begins) - 1)], position)
    by_plain = np.append(plain, count)[position]
    replies = np.flatnonzero((talk.answers != 0) & (talk.answers != talk.member))
    keys = np.sort(talk.answers[replies] * (count + 1) + replies)
    wanted = asker * (count + 1) + asked
    place = np.searchsorted(keys, wanted, side="right")
    found = np.append(keys, -1)[place]
    by_reply = np.where(found // (count + 1) == asker, found % (count + 1), count)
    answer = np.minimum(by_plain, by_reply)
    at = np.append(talk.at, np.iinfo(np.int64).max)
    in_time = (answer < count) & (at[answer] - talk.at[asked] <= ANSWER_WITHIN.total_seconds() * 1000)
    once = np.unique(np.stack([asker[in_time], answer[in_time]]), axis=1)
    answerer: Numbers = talk.member[once[1]]
    return answerer
