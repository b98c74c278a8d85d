"""复购与召回: who should buy again about now, who was lost, and the way from each list to its people, a segment, a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_EXPORT, ORDERS_VIEW, SEGMENTS_EDIT
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground as AnalysisGround
from liuliang.console.doors import StaffRequest, page
from liuliang.console.winback.ground import TITLES, asked_of, ground_at, place_of, places
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Mark, Series
from liuliang.ui.figures import Figure
from liuliang.winback.cycles import THIN
from liuliang.winback.lists import DUE, Ground, List, due_by_week, lists, members_of
from liuliang.winback.queries import MOST, Product

FOLDER = "console/winback"

NAMED = 4
"""Products that the picture by week tells apart; the rest are one."""

BARS = 24
"""Bars of the picture of intervals at the most."""


@dataclass(frozen=True, slots=True)
class Row:
    """A list as it is drawn."""

    list: List
    title: str | Promise
    said: str
    query: str
    people_url: str

    @property
    def size(self) -> int:
        """Return how many people."""
        return len(self.list.members)


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as it is drawn: its cycle in words, who is due and overdue with the way to them."""

    product: Product
    due: int
    overdue: int
    due_window: str
    query: str
    due_url: str
    overdue_url: str
    is_shown: bool


@page(permission=ORDERS_VIEW)
def winback(request: StaffRequest) -> HttpResponse:
    """Show the lists, the weeks ahead, and the products with their cycles."""
    place = place_of(request.access, request.GET)
    if place is None:
        return render(request, f"{FOLDER}/nowhere.html")
    ground = ground_at(place)
    if not len(ground.buyers.member):
        return render(request, f"{FOLDER}/empty.html", {"place": place, "places": places(request.access)})
    found = lists(ground)
    shown = _shown(request.GET, ground.products)
    context = {
        "place": place,
        "places": places(request.access),
        "figures": _figures(found),
        "rows": [_row(one, place.public_id, ground) for one in found],
        "products": [_product(one, place.public_id, ground, shown) for one in ground.products],
        "weeks": _weeks(ground),
        "intervals": _intervals(shown, ground) if shown is not None else None,
        "thin": THIN,
        "most": MOST,
        "rules": ground.rules,
        "may_change": request.access.may_everywhere(SEGMENTS_EDIT),
        "may_keep": request.access.may(SEGMENTS_EDIT, place.community)
        if place.community
        else request.access.may_everywhere(SEGMENTS_EDIT),
        "may_export": request.access.may(MEMBERS_EXPORT),
    }
    return render(request, f"{FOLDER}/board.html", context)


def _figures(found: Sequence[List]) -> list[Figure]:
    by_key = {one.key: one for one in found}
    lost = by_key["recent"].at_stake + by_key["long"].at_stake
    return [
        Figure(TITLES["due"], len(by_key["due"].members), unit=_("人")),
        Figure(TITLES["overdue"], len(by_key["overdue"].members), unit=_("人")),
        Figure(_("流失的买家"), len(by_key["recent"].members | by_key["long"].members), unit=_("人")),
        Figure(_("他们流失前一年付的（人民币）"), lost, "money"),
    ]


def _row(one: List, place: str, ground: Ground) -> Row:
    query = urlencode({"list": one.key, **({"in": place} if place else {})})
    url = behind_url("winback", query) if one.members else ""
    return Row(one, TITLES[one.key], _said(one, ground), query, url)


def _said(one: List, ground: Ground) -> str:
    """Return the rule of a list in words."""
    rules = ground.rules
    if one.key in DUE:
        count = sum(each.cycle is not None for each in ground.products)
        if one.key == "due":
            words = _("上次买到今天，过了周期的 {early}% 到 {late}%；{count} 种有周期的商品里任何一种")
        else:
            words = _("上次买到今天，过了周期的 {late}% 还没再买，不超过 {until}%；{count} 种有周期的商品里任何一种")
        return words.format(early=rules.early, late=rules.late, until=rules.until, count=count)
    told: dict[str, object] = {
        "lost": rules.lost_days,
        "long": rules.long_days,
        "last": rules.long_days - 1,
        "amount": formats.money(ground.high_amount),
    }
    words = {
        "recent": _("上次下单在 {lost}～{last} 天前"),
        "long": _("上次下单在 {long} 天前或更早"),
        "valued": _("上次下单在 {lost} 天前或更早，累计消费至少 {amount}"),
    }[one.key]
    said = words.format(**told)
    if one.key == "valued" and rules.high_amount is None:
        said += _("（消费最多的五分之一买家的门槛）")
    return said


def _product(one: Product, place: str, ground: Ground, shown: Product | None) -> ProductRow:
    query = urlencode({"product": one.name, **({"in": place} if place else {})})
    if one.cycle is None:
        return ProductRow(one, 0, 0, "", query, "", "", one is shown)
    due, overdue = ground.rules.due(one.cycle), ground.rules.overdue(one.cycle)
    counts = one.between(due), one.between(overdue)
    due_url, overdue_url = (
        behind_url("winback", f"list={key}&{query}") if count else "" for key, count in zip(DUE, counts, strict=True)
    )
    window = _("买后 {first}～{last} 天").format(first=due[0], last=due[1])
    return ProductRow(one, *counts, window, query, due_url, overdue_url, one is shown)


def _shown(parameters: QueryDict, products: Sequence[Product]) -> Product | None:
    """Return the product whose intervals are drawn: the one asked for, else the first with any."""
    asked = next((one for one in products if one.name == parameters.get("product")), None)
    return asked or next((one for one in products if one.again), None)


def _weeks(ground: Ground) -> Chart:
    counted = [(one.name, due_by_week(one, ground.rules)) for one in ground.products if one.cycle is not None]
    counted.sort(key=lambda each: -sum(each[1]))
    weeks = max((place for _name, told in counted for place, count in enumerate(told) if count), default=0)
    counted = [(name, told[: weeks + 1]) for name, told in counted]
    labels = [_("已经过了")]
    for week in range(weeks):
        begin = ground.context.calendar.today() + timedelta(days=7 * week)
        labels.append(_("{begin} 起").format(begin=f"{begin.month}/{begin.day}"))
    series = [Series(f"product{at}", name, told) for at, (name, told) in enumerate(counted[:NAMED])]
    if len(counted) > NAMED:
        rest = [sum(column) for column in zip(*(told for _name, told in counted[NAMED:]), strict=True)]
        series.append(Series("other", _("其他商品"), rest))
    return Chart(
        "due-weeks",
        _("接下来几周，有多少份该再买了？"),
        "stacked",
        labels,
        series,
        definition=_(
            "每个买家的每种商品算一份：上次买的那天加上周期，是用完的那天，按周数一数。“已经过了”只算还在“过了周期没再买”名单里的。"
        ),
        label_title=_("用完的那一周"),
        unit=_("份"),
    )


def _intervals(one: Product, ground: Ground) -> Chart | None:
    if not one.votes:
        return None
    width = max(1, -(-max(one.votes) // BARS))
    bars = [0] * (max(one.votes) // width + 1)
    for days, count in one.votes.items():
        bars[days // width] += count
    labels = [str(at * width) if width == 1 else f"{at * width}–{at * width + width - 1}" for at in range(len(bars))]
    marks = []
    if one.cycle is not None and one.cycle // width < len(labels):
        marks.append(Mark(_("周期 {days} 天").format(days=one.cycle), labels[one.cycle // width]))
    return Chart(
        "intervals",
        _("买“{product}”的人，隔多少天再买？").format(product=one.name),
        "bar",
        labels,
        [Series("orders", _("买家"), bars)],
        definition=_(
            "只看在不同的日子买过两次以上的人。每个人算一票：他自己各次间隔的中位数。周期是这些票的中位数，95% 区间来自次序统计量。"
            "整单退款的不算买过。没有再买过的人不在里面：周期说的是回来的人多久回来，不是有多少人回来。"
        ),
        label_title=_("隔了几天"),
        unit=_("人"),
        marks=marks,
    )


def _words(_access: Access, parameters: QueryDict) -> str:
    return _("复购与召回：{list}").format(list=asked_of(parameters).title)


def _people(ground: AnalysisGround, parameters: QueryDict) -> tuple[int, ...]:
    asked = asked_of(parameters)
    place = place_of(ground.access, parameters)
    if place is None:
        return ()
    known = ground_at(place)
    return tuple(members_of(asked.rule(known), known.context))


declare("winback", Crowd(_words, lambda _parameters: (ORDERS_VIEW,), _people))
