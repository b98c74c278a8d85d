"""获客花费: what was spent on which way of joining, entered by staff, so that there is a cost of each who came."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ORDERS_VIEW
from liuliang.analytics.models import ChannelCost
from liuliang.analytics.services import MOST_SPENT, delete_cost, enter_cost
from liuliang.console import errors
from liuliang.console.analysis.words import WAYS
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.fields import day_field
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.ui import formats
from liuliang.ui.listing import Column, Empty, Listing, cells

INVALID = 422
EVERYWHERE = ""


class CostForm(forms.Form):
    """Money for a way of joining, over days."""

    community = forms.ChoiceField(required=False, label=_("社群"))
    how = forms.ChoiceField(
        required=False,
        label=_("进群方式"),
        choices=[("", _("不分方式")), *((key, words) for key, words in WAYS.items())],
    )
    first_day = day_field(_("从"))
    last_day = day_field(_("到"))
    amount = forms.DecimalField(
        label=_("花了多少（元）"), min_value=Decimal("0.01"), max_value=Decimal(MOST_SPENT) / 100, decimal_places=2
    )
    note = forms.CharField(required=False, max_length=200, label=_("备注"))

    def __init__(self, *args: object, places: Sequence[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["community"].choices = places  # type: ignore[attr-defined]
        # Only who may everywhere may leave the community open.
        self.fields["community"].required = EVERYWHERE not in dict(places)


COSTS = Listing(
    key="costs",
    title=_("获客花费"),
    columns=(
        Column("first_day", _("从"), show=cells.day, sort="first_day", is_fixed=True),
        Column("last_day", _("到"), show=cells.day, sort="last_day"),
        Column("community", _("社群"), value=lambda row: row.community.name if row.community else str(_now("全部社群"))),
        Column("how", _("进群方式"), value=lambda row: str(WAYS.get(row.how, _now("不分方式")))),
        Column("amount", _("金额"), value=lambda row: row.amount / 100, cell=lambda row: formats.money(row.amount),
               sort="amount", align="end"),
        Column("note", _("备注"), space="wrapping"),
    ),
    default_sort="-first_day",
    key_field="public_id",
    row_actions="console/analysis/cost_actions.html",
    export_name=_("获客花费"),
    export_permission=ORDERS_VIEW,
    empty=Empty(
        _("还没有登记花费"),
        _("把投放、海报、红包、地推花的钱记在这里，AARRR 页上就有每种进群方式的获客成本和投入产出。"),
        _("登记花费"),
        "/analysis/costs/new/",
        "chart",
        ANALYTICS_EDIT,
        is_dialog=True,
    ),
)  # fmt: skip


@finds("cost")
def find_cost(access: Access, permission: str, value: str) -> ChannelCost | None:
    """Find a cost of the communities where one may both enter it and see money."""
    return mine(access, permission).filter(public_id=value).first()


def mine(access: Access, permission: str) -> QuerySet[ChannelCost]:
    """Return the costs that somebody may see; those of all communities if they may see everything."""
    allowed = access.community_ids(permission, ORDERS_VIEW)
    if allowed is None:
        return ChannelCost.objects.all()
    return ChannelCost.objects.filter(community__in=allowed)


@page(permission=ANALYTICS_EDIT)
def costs(request: StaffRequest) -> HttpResponseBase:
    """List what was spent."""
    if not request.access.may(ORDERS_VIEW):
        raise PermissionDenied
    rows = mine(request.access, ANALYTICS_EDIT).select_related("community")
    return COSTS.respond(request, rows, template="console/analysis/costs.html")


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def new_cost(request: StaffRequest) -> HttpResponse:
    """Enter what was spent."""
    if not request.access.may(ORDERS_VIEW):
        raise PermissionDenied
    places, known = places_for(request.access, ANALYTICS_EDIT, ORDERS_VIEW)
    form = CostForm(request.POST or None, places=places)
    if form.is_valid():
        told = form.cleaned_data
        try:
            enter_cost(
                community=known.get(told["community"]), how=told["how"], first_day=told["first_day"],
                last_day=told["last_day"], amount=int(told["amount"] * 100), note=told["note"], at=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return back(request, reverse("console:costs"), _now("花费已登记。"))
    return render(request, "console/analysis/cost_dialog.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def remove_cost(request: StaffRequest, cost: ChannelCost) -> HttpResponse:
    """Take a cost back."""
    delete_cost(cost)
    messages.success(request, _now("已删除。"))
    return redirect("console:costs")


def places_for(access: Access, *needed: str) -> tuple[list[tuple[str, str]], dict[str, Community]]:
    """Return the communities one may choose where all of ``needed`` holds, everything first if it holds everywhere."""
    reach = access.community_ids(needed[0], *needed[1:])
    rows = Community.objects.filter(archived_at=None).order_by("name", "id")
    known = {one.public_id: one for one in (rows if reach is None else rows.filter(id__in=reach))}
    everywhere = [(EVERYWHERE, str(_now("全部社群")))] if reach is None else []
    return [*everywhere, *((key, one.name) for key, one in known.items())], known
