"""The figures and the chart of days that stand at the top of both boards, the overview's and a community's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from liuliang.analytics import orders, traffic
from liuliang.analytics import overview as matrix
from liuliang.analytics.definitions import Definition
from liuliang.analytics.orders import Sales
from liuliang.analytics.overview import Totals
from liuliang.analytics.presence import MEMBERS
from liuliang.analytics.traffic import Day
from liuliang.console.figures import change_of, figure_of
from liuliang.console.periods import PeriodChoice
from liuliang.ui.charts import Chart, Series
from liuliang.ui.figures import Change, Figure


def figures(totals: Totals, versus: str) -> Sequence[Figure]:
    """Return the numbers of a scope, each with its trend and its change; joins stand in the sum of what was kept."""
    days = totals.activity.now

    def changed(definition: Definition, *, in_points: bool = False) -> Change | None:
        return change_of(totals.changes.get(definition.key), definition, versus=versus, in_points=in_points)

    return [
        figure_of(MEMBERS, totals.members, change=changed(MEMBERS), trend=totals.members_by_day),
        figure_of(traffic.LEFT, totals.left, change=changed(traffic.LEFT), trend=[day.left for day in days]),
        figure_of(
            traffic.SPEAKERS, totals.speakers, change=changed(traffic.SPEAKERS), trend=[day.speakers for day in days]
        ),
        figure_of(
            matrix.RATE,
            totals.rate,
            "percent",
            change=changed(matrix.RATE, in_points=True),
            trend=totals.rate_by_day,
            share=(totals.spoke, totals.members),
        ),
        figure_of(
            traffic.MESSAGES, totals.messages, change=changed(traffic.MESSAGES), trend=[day.messages for day in days]
        ),
    ]


def sold_context(sales: Sales, choice: PeriodChoice) -> Mapping[str, object]:
    """Return what ``console/sold.html`` draws: orders take longest to count, so boards ask for it once they are shown."""
    change = change_of(sales.change, orders.GMV, versus=choice.versus) if choice.is_comparable else None
    figure = figure_of(orders.GMV, sales.amount, "money", change=change, trend=[day.amount for day in sales.now])
    return {"figure": figure, "others": sales.others}


def activity(days: Sequence[Day]) -> Chart:
    """Return what was said each day, and by how many."""
    return Chart(
        "activity",
        _("每天有多少人在说话，说了多少？"),
        "area",
        [f"{day.day:%m-%d}" for day in days],
        [
            Series("messages", traffic.MESSAGES.title, [day.messages for day in days]),
            Series("speakers", traffic.SPEAKERS.title, [day.speakers for day in days]),
        ],
        definition=f"{traffic.MESSAGES.counted} {traffic.SPEAKERS.counted}",
        label_title=_("日期"),
    )
