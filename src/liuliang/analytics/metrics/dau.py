"""Daily active people, on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import ACTS
from liuliang.analytics.base import Asked, Side, Statement
from liuliang.analytics.counting import Counted, days_of, doers, starting
from liuliang.analytics.definitions import Definition


def _tell(asked: Asked) -> Statement:
    rows, values = days_of(asked, ACTS, asked.period)
    values |= {
        "starts": [bucket.first.isoformat() for bucket in asked.buckets],
        "lengths": [len(bucket) for bucket in asked.buckets],
    }
    return Statement(
        "SELECT part, start, sum(people), any(transform(start, {starts:Array(Date)}, {lengths:Array(UInt32)}, 1)),"
        f" sum(people * people) FROM (SELECT part, day, {starting(asked.step)} AS start, groupBitmap(member) AS people"
        f" FROM {rows} GROUP BY part, day) GROUP BY part, start",
        values,
    )


METRIC = Counted(
    definition=Definition(
        "dau",
        _("日均活跃 DAU"),
        _(
            "平均每天有多少人做过事：每天的活跃人数（当天一个人只算一次）相加，除以天数，没有人的日子也算一天。区间来自各天之间的差别。"
        ),
        _("人"),
    ),
    stage="activity",
    style="mean",
    tell=_tell,
    result="mean",
    who=((Side("active", _("期内做过事的人")), doers(ACTS)),),
)
