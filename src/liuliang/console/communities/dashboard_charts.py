"""The charts of one community's board, from what analytics found."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from liuliang.analytics import hours as hours_story
from liuliang.analytics import orders, traffic
from liuliang.analytics.hours import Hours
from liuliang.analytics.newcomers import NEWCOMERS, Newcomers
from liuliang.analytics.orders import Sales
from liuliang.analytics.traffic import Day
from liuliang.ui.charts import Chart, Series
from liuliang.ui.words import WEEKDAYS


def growth(days: Sequence[Day], ways: Sequence[tuple[str, str]]) -> Chart:
    """Return who came and who went each day, and what it added up to; ``ways`` lead to those people."""
    total = sum(day.net for day in days)
    return Chart(
        "growth",
        _("进来的人比离开的多吗？"),
        "stacked",
        [f"{day.day:%m-%d}" for day in days],
        [
            Series("joined", traffic.JOINED.title, [day.joined for day in days]),
            Series("left", traffic.LEFT.title, [-day.left for day in days]),
        ],
        definition=f"{traffic.JOINED.counted} {traffic.LEFT.counted}",
        label_title=_("日期"),
        unit=_("期内净增 {n} 人次").format(n=f"{total:+,}"),
        actions=ways,
    )


def busy_hours(found: Hours) -> Chart:
    """Return when the community talks, by weekday and hour."""
    title = str(hours_story.HOURS.title)
    best = found.busiest
    if best is not None:
        title = _("{day} {hour} 点最热闹").format(day=WEEKDAYS[best[0]], hour=best[1])
    return Chart(
        "hours",
        title,
        "heatmap",
        [str(hour) for hour in range(24)],
        [
            Series(f"weekday-{place}", WEEKDAYS[place], [None if mean is None else round(mean, 1) for mean in row])
            for place, row in enumerate(found.means)
        ],
        definition=hours_story.HOURS.counted,
        label_title=_("小时"),
        unit=hours_story.HOURS.unit,
    )


def newcomers(found: Newcomers) -> Chart:
    """Return what became of each week's newcomers."""
    weeks = found.weeks
    return Chart(
        "newcomers",
        NEWCOMERS.title,
        "bar",
        [_("{day} 起").format(day=f"{week.first:%m-%d}") for week in weeks],
        [
            Series("joined", _("进来"), [week.joined for week in weeks]),
            Series("speakers", _("7 天内说过话"), [week.spoke_soon for week in weeks]),
            Series("core", _("现在还在"), [week.present for week in weeks]),
        ],
        definition=NEWCOMERS.counted,
        label_title=_("周"),
        unit=_("人"),
    )


def sales(found: Sales) -> Chart:
    """Return what was paid each day."""
    return Chart(
        "gmv",
        _("每天成交多少？"),
        "bar",
        [f"{day.day:%m-%d}" for day in found.now],
        [Series("gmv", orders.GMV.title, [day.amount for day in found.now], "money")],
        definition=f"{orders.GMV.counted} {orders.OF_MEMBERS.counted}",
        label_title=_("日期"),
        height="small",
    )
