"""净推荐值: who would recommend us, less who would not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.analytics.acts import EVIDENCE
from liuliang.analytics.base import Asked, Side, Statement
from liuliang.analytics.counting import Counted, Teller, split, starting
from liuliang.analytics.definitions import Definition
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.scopes import stamp

_PROMOTER, _PASSIVE, _DETRACTOR = "score >= 9", "score BETWEEN 7 AND 8", "score <= 6"
"""Reichheld 2003, The one number you need to grow."""


def _tell(asked: Asked) -> Statement:
    told = _last_answers(asked)
    return Statement(
        f"SELECT part, start, countIf({_PROMOTER}), countIf({_DETRACTOR}), count() FROM ({told.sql}) GROUP BY part, start",
        told.values,
    )


def _who(condition: str) -> Teller:
    def tell(asked: Asked) -> Statement:
        told = _last_answers(asked)
        return Statement(f"SELECT part, start, member FROM ({told.sql}) WHERE {condition}", told.values)

    return tell


def _last_answers(asked: Asked) -> Statement:
    """Return how to find everybody's last answer in each part and bucket."""
    relation, values = _answers(asked)
    rows, values = split(asked, relation, "community, member, at, position, score, day", values)
    start = starting(asked.step)
    return Statement(
        f"SELECT part, {start} AS start, member, argMax(score, (at, position)) AS score FROM {rows}"
        " WHERE day >= {first:Date} AND day <= {last:Date} GROUP BY part, start, member",
        values,
    )


def _answers(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the SELECT of the answers around the period, each with the communities it counts for.

    One that was given in no community counts for those its member was in; of everything together, once, wherever they were.
    """
    scope = asked.scope
    begin, end = scope.instants(asked.period)
    among, values = scope.condition()
    people, _values = scope.people()
    values = {
        **values,
        "first": asked.period.first.isoformat(),
        "last": asked.period.last.isoformat(),
        "begin": stamp(begin),
        "end": stamp(end),
        "evidence": list(EVIDENCE),
    }
    told = (
        "SELECT community, member, occurred_at AS at, position, value AS score FROM {events}"
        " WHERE kind = 'survey.answered' AND occurred_at >= {begin:DateTime64(3, 'UTC')}"
        " AND occurred_at < {end:DateTime64(3, 'UTC')} AND"
    )
    nowhere = f"{told} community = 0{people}"
    if scope.is_everything and not asked.split:
        placed = nowhere
    else:
        stays = (
            "SELECT community, member, min(occurred_at) AS seen, countIf(kind = 'member.joined') > 0 AS came,"
            " arraySort(groupArrayIf((occurred_at, position, kind = 'member.left'),"
            " kind IN ('member.joined', 'member.left'))) AS moves"
            f" FROM {{events}} WHERE kind IN {{evidence:Array(String)}} AND {among}"
            f" AND member IN (SELECT member FROM ({nowhere})) GROUP BY community, member"
        )
        # Who is known by words alone was always there; a default move of nobody is no leaving.
        placed = (
            "SELECT stays.community AS community, said.member AS member, said.at AS at, said.position AS position,"
            f" said.score AS score FROM ({nowhere}) AS said JOIN ({stays}) AS stays ON stays.member = said.member"
            " WHERE (NOT came OR seen <= at) AND NOT arrayLast(move -> move.1 <= at, moves).3"
        )
    return (
        f"SELECT community, member, at, position, score, {local_day_of(scope, 'at')} AS day"
        f" FROM ({told} {among} UNION ALL {placed})"
    ), values


METRIC = Counted(
    definition=Definition(
        "nps",
        _("净推荐值"),
        _(
            "问“有多大可能推荐我们”，打 9～10 分的是推荐者，7～8 分的是中立者，0～6 分的是贬损者。净推荐值 = 推荐者占比 − 贬损者占比，"
            "从 −100% 到 100%。期内答了几次的人只算最后一次。写明了社群的答卷只算给那个社群；没写明的，算给回答时所在的每一个社群，"
            "所以各群的人数相加可能大于总数。只说答了的人：答的人少，区间就宽；爱答的人和不答的人想的可能不一样。机器人不算。"
        ),
    ),
    stage="referral",
    style="percent",
    tell=_tell,
    result="balance",
    who=(
        (Side("promoters", pgettext_lazy("several", "推荐者"), "for"), _who(_PROMOTER)),
        (Side("passives", pgettext_lazy("several", "中立者"), "neither"), _who(_PASSIVE)),
        (Side("detractors", pgettext_lazy("several", "贬损者"), "against"), _who(_DETRACTOR)),
    ),
)
