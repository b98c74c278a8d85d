"""排行: who of the partners brought most in a chosen period, by sales, orders, buyers or commission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import PARTNERS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.console.partners.listing import STATES
from liuliang.console.partners.tabs import partner_tabs
from liuliang.console.periods import PeriodChoice, choose
from liuliang.kernel import clock
from liuliang.kernel.clock import local_day
from liuliang.lake.zones import default_zone
from liuliang.partners.models import Partner
from liuliang.partners.queries import CURRENCY
from liuliang.partners.ranking import MEASURES, Brought, Measure, brought, currencies, ranked
from liuliang.partners.services import KINDS
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells
from liuliang.ui.listing.sources import ListSource

CARRIED = ("sort", "q", "kind", "currency")
"""What stays in the address when another period is chosen."""


def _listing(currency: str, choice: PeriodChoice) -> Listing:
    """Return the list of a period in a currency."""

    def money(key: Measure, title: Promise, hint: Promise) -> Column:
        return Column(
            key, title, value=lambda one: formats.major(getattr(one, key), currency),
            cell=lambda one: cells.money(getattr(one, key), currency), sort=key, align="end", hint=hint,
        )  # fmt: skip

    return Listing(
        key="partner-ranking",
        title=_("合伙人排行"),
        columns=(
            Column(
                "name", _("名字"), value="partner.name", cell=lambda one: cells.person(one.partner.name),
                sort="partner.name", is_fixed=True,
            ),
            Column("place", _("名次"), show=cells.count, align="end", is_fixed=True),
            money("sales", _("带来成交"), _("付的减去退的，只算自己带来的订单")),
            Column("orders", _("带来订单"), show=cells.count, sort="orders", align="end"),
            Column(
                "buyers", _("带来买家"), show=cells.count, sort="buyers", align="end", hint=_("这一期下过单的人，一人算一次")
            ),
            money("earned", _("佣金"), _("两级都算，退款扣回的不算")),
            Column("kind", _("类型"), value=lambda one: str(KINDS.get(one.partner.kind, one.partner.kind))),
            Column("code", _("专属码"), value="partner.code"),
            Column("currency", _("币种"), value=lambda _one: currency, is_default=False),
            Column(
                "state", _("状态"), value=lambda one: "on" if one.partner.is_active else "off", show=cells.state(STATES)
            ),
        ),
        filters=(
            Text("q", _("搜索名字或专属码")),
            Choice("kind", _("类型"), options=[Option(key, title) for key, title in KINDS.items()], is_primary=True),
        ),
        default_sort="-sales",
        tie_breaker="partner.pk",
        key_field="partner.public_id",
        row_url=lambda one: reverse("console:partner", args=[one.partner.public_id]),
        export_name=_now("合伙人排行 {first} 至 {last}").format(first=choice.period.first, last=choice.period.last),
        export_permission=PARTNERS_VIEW,
        empty=Empty(
            _("还没有可以排的人"),
            _("添加了合伙人，这里就按一段时间里带来的成交、订单、买家和佣金给他们排名次。"),
            _("看合伙人"),
            reverse("console:partners"),
        ),
    )  # fmt: skip


@page(permission=PARTNERS_VIEW)
def ranking(request: StaffRequest) -> HttpResponseBase:
    """Rank the partners by what they brought in a period, in one currency."""
    choice = choose(request, None, local_day(clock.now(), default_zone()))
    choice = replace(choice, carried=tuple((one, request.GET[one]) for one in CARRIED if request.GET.get(one)))
    found = brought(*choice.period.instants(str(default_zone())))
    known = currencies(found)
    asked = request.GET.get("currency", "")
    currency = asked if asked in known else next(iter(known), CURRENCY)
    by = _measure(request.GET.get("sort", ""))
    context = {"choice": choice, "tabs": partner_tabs(), "currencies": _choices(request, known, currency)}
    return _listing(currency, choice).respond(
        request, partial(_rows, found.get(currency, {}), by), template="console/partners/ranking.html", context=context
    )


def _measure(sort: str) -> Measure:
    """Return what places are given by: what the list is sorted by, or the usual measure where that is no measure."""
    return next((one for one in MEASURES if one == sort.removeprefix("-")), MEASURES[0])


def _rows(found: Mapping[int, Brought], by: Measure, values: Mapping[str, Any]) -> ListSource:
    """Return the rows that the filters leave; their places are those among all."""
    rows = ranked(Partner.objects.all(), found, by)
    wanted = values.get("q", "").casefold()
    return ListSource(
        [
            one
            for one in rows
            if values.get("kind", one.partner.kind) == one.partner.kind
            and (wanted in one.partner.name.casefold() or wanted in one.partner.code.casefold())
        ]
    )


def _choices(request: StaffRequest, known: list[str], chosen: str) -> list[tuple[str, str, bool]]:
    """Return (currency, address, whether chosen) of the currencies, where there are several."""
    if len(known) < 2:
        return []
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    found = []
    for one in known:
        query["currency"] = one
        found.append((one, f"{request.path}?{query.urlencode()}", one == chosen))
    return found
