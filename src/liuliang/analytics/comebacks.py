"""Who is heard again after a silence: the evidence for after how many days somebody is better called lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.remembering import remembered
from liuliang.lake.queries import query
from liuliang.segments.features import HEARD

SILENCES = (7, 14, 21, 30, 45, 60, 90, 120)
"""Days without a sign, as they are looked at."""

WITHIN = 30
"""Days after such a silence in which somebody may be heard again."""

RARE = 0.1
"""Whoever comes back more rarely than this is better called lost."""

FEW = 30
"""A silence that fewer people went through says nothing."""

COMEBACKS = Definition(
    "comebacks",
    _("安静这么久的人，后来还有动静吗"),
    _(
        "一个人连续若干天没有任何动静（说话、进群、下单），算安静过一次；看之后 30 天里有没有再出现。每个人只取最近一次已经看得到结果的，机器人不算。"
        "区间是 95% 的 Wilson 区间，不到 30 人的不下结论。"
    ),
    _("人"),
)


@dataclass(frozen=True, slots=True)
class Comeback:
    """Of ``people`` who gave no sign for more than ``silent`` days, ``back`` were heard in the `WITHIN` days after."""

    silent: int
    people: int
    back: int

    @property
    def share(self) -> float | None:
        """Return the share that was heard again; None of nobody."""
        return self.back / self.people if self.people else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the share's 95% interval; None where too few people went through such a silence."""
        return noise.wilson(self.back, self.people) if self.people >= FEW else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """After how many days people count as lost now, and what the evidence proposes: None for leaving it as it is.

    ``now`` is the evidence at the present threshold, ``there`` at the proposed one.
    """

    now: Comeback
    there: Comeback | None


@remembered
def comebacks(silences: tuple[int, ...], last_day: date, robots: tuple[int, ...]) -> tuple[Comeback, ...]:
    """Return for each length of silence (days, each once) how many people came back from it.

    Args:
        silences: days without a sign.
        last_day: the last day the log knows whole; a silence counts once its outcome is known by then.
        robots: members who are no people.
    """
    among = " AND member NOT IN {robots:Array(UInt32)}" if robots else ""
    rows = query(
        "SELECT silent, count(), sum(is_back) FROM ("
        " SELECT member, silent, argMax(next != 0 AND next <= day + silent + {within:UInt16}, day) AS is_back FROM ("
        "  SELECT member, days[place] AS day, if(place < length(days), days[place + 1], 0) AS next,"
        "   arrayJoin({silences:Array(Int32)}) AS silent"
        "  FROM (SELECT member, arraySort(groupUniqArray(toInt32(day))) AS days FROM {member_day}"
        f"   WHERE kind IN {{heard:Array(String)}} AND member != 0 AND day <= {{last:Date}}{among} GROUP BY member)"
        "  ARRAY JOIN arrayEnumerate(days) AS place"
        " ) WHERE (next = 0 OR next - day > silent) AND day + silent + {within:UInt16} <= toInt32({last:Date})"
        " GROUP BY member, silent) GROUP BY silent",
        {
            "silences": list(silences),
            "within": WITHIN,
            "heard": list(HEARD),
            "last": last_day.isoformat(),
            **({"robots": list(robots)} if robots else {}),
        },
    ).rows
    found = {int(silent): Comeback(int(silent), int(people), int(back)) for silent, people, back in rows}
    return tuple(found.get(silent, Comeback(silent, 0, 0)) for silent in sorted(silences))


def lost_after(steps: Sequence[Comeback], now: int) -> Verdict:
    """Return what the evidence says of calling people lost after ``now`` days; ``steps`` must have that silence.

    A change is proposed only where the evidence is beyond chance: surely too many still come back from the present
    silence, or surely few enough come back from a shorter one. From the proposed silence on, no longer one may be left
    by more: whoever comes every six weeks is heard neither in the fifth nor lost after it.
    """
    by_days = {step.silent: step for step in steps}
    here = by_days[now]
    known = [(step, step.back / step.people, step.interval) for step in steps if step.interval is not None]
    final = [
        (step, interval)
        for place, (step, _share, interval) in enumerate(known)
        if all(share < RARE for _later, share, _interval in known[place:])
    ]
    shorter = [step for step, interval in final if step.silent < now and interval[1] < RARE]
    if shorter:
        return Verdict(here, shorter[0])
    longer = [step for step, _interval in final if step.silent > now]
    if longer and here.interval is not None and here.interval[0] > RARE:
        return Verdict(here, longer[0])
    return Verdict(here, None)
