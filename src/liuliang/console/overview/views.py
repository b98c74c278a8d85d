"""The first page, and its part that looks for what needs a person."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render

from liuliang.accounts.permissions import ANALYTICS_VIEW, IMPORTS_RUN, ORDERS_VIEW
from liuliang.analytics import orders
from liuliang.analytics.definitions import COMPARED
from liuliang.analytics.scopes import Scope
from liuliang.console import boards
from liuliang.console.doors import StaffRequest, page
from liuliang.console.figures import kept_context
from liuliang.console.overview import concerns, data, table


@page(permission=ANALYTICS_VIEW)
def overview(request: StaffRequest) -> HttpResponseBase:
    """Show the matrix at a glance: what was kept, what changed, what each community did."""
    seen = data.see(request)
    found = seen.overview
    if found is None:
        may_import = request.access.may(IMPORTS_RUN)
        return render(request, "console/overview/empty.html", {"may_import": may_import})
    listing = table.table_for(seen)
    context = {
        "choice": seen.choice,
        **kept_context(found.totals, seen.choice.versus),
        "figures": boards.figures(found.totals, seen.choice.versus),
        "activity": boards.activity(found.totals.activity.now),
        "compared": COMPARED,
        "may_see_orders": seen.buying is not None,
    }
    template = "console/overview/page.html"
    begun = listing.begin(request, template=template, context=context)
    return begun or listing.respond(request, table.lines_of(seen), template=template, context=context)


@page(permission=ORDERS_VIEW)
def sold(request: StaffRequest) -> HttpResponse:
    """Show what was paid across all communities: a figure of the first page that takes longer to count."""
    seen = data.see(request)
    sales = orders.sales(seen.buying or Scope.of([]), seen.choice.period, seen.timezone)
    context = {**boards.sold_context(sales, seen.choice), "money_apart": data.money_apart(seen, sales.amount)}
    return render(request, "console/overview/sold.html", context)


@page(permission=ANALYTICS_VIEW)
def attention(request: StaffRequest) -> HttpResponseBase:
    """Show what changed beyond the usual and what needs a person."""
    seen = data.see(request)
    context = {"choice": seen.choice, "concerns": concerns.concerns(request, seen)}
    return render(request, "console/overview/attention.html", context)
