"""The first page, and its part that looks for what needs a person."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render

from liuliang.accounts.permissions import ANALYTICS_VIEW, IMPORTS_RUN
from liuliang.analytics.definitions import COMPARED
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
    context = {
        "choice": seen.choice,
        **kept_context(found.totals, seen.choice.versus),
        "figures": boards.figures(found.totals, seen.choice.versus),
        "activity": boards.activity(found.totals.traffic.now),
        "compared": COMPARED,
        "money_apart": data.money_apart(seen),
        "others": found.totals.sales.others if found.totals.sales is not None else (),
    }
    return table.table_for(seen).respond(
        request, table.lines_of(seen), template="console/overview/page.html", context=context
    )


@page(permission=ANALYTICS_VIEW)
def attention(request: StaffRequest) -> HttpResponseBase:
    """Show what changed beyond the usual and what needs a person."""
    seen = data.see(request)
    context = {"choice": seen.choice, "concerns": concerns.concerns(request, seen)}
    return render(request, "console/overview/attention.html", context)
