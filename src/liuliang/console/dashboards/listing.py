"""看板: the dashboards that somebody may read, and the ready-made ones to start from."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.console.analysis.costs import EVERYWHERE
from liuliang.console.dashboards.places import places_of
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.leading import back
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.queries import cards_in, changeable, visible
from liuliang.dashboards.ready import READY, Ready
from liuliang.dashboards.services import NAME_LIMIT, create_dashboard
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.ui.listing import Column, Empty, Listing, Text, cells

EMPTY = ""


@finds("dashboard")
def find_dashboard(access: Access, permission: str, value: str) -> Dashboard | None:
    """Find a dashboard that somebody may read."""
    return visible(access).filter(public_id=value).first() if access.may(permission) else None


@finds("own_dashboard")
def find_own_dashboard(access: Access, permission: str, value: str) -> Dashboard | None:
    """Find a dashboard that somebody may change."""
    return changeable(access).filter(public_id=value).first() if access.may(permission) else None


@finds("card")
def find_card(access: Access, permission: str, value: str) -> Card | None:
    """Find a card of a dashboard that somebody may read."""
    if not access.may(permission):
        return None
    return cards_in(visible(access)).filter(public_id=value, removed_at=None).first()


@finds("own_card")
def find_own_card(access: Access, permission: str, value: str) -> Card | None:
    """Find a card of a dashboard that somebody may change, one that was removed included."""
    return cards_in(changeable(access)).filter(public_id=value).first() if access.may(permission) else None


class NewForm(forms.Form):
    """What a new dashboard is called, what it starts from, and which branch it speaks of."""

    name = forms.CharField(label=_("看板名称"), max_length=NAME_LIMIT)
    ready = forms.ChoiceField(label=_("从哪里开始"), required=False)
    community = forms.ChoiceField(label=_("看哪些社群"), required=False, help_text=_("打开以后随时可以换着看"))

    def __init__(self, *args: object, access: Access, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        offered = [(each.key, f"{each.title} · {each.meaning}") for each in ready_for(access)]
        self.fields["ready"].choices = [*offered, (EMPTY, _("空白，自己加卡片"))]  # type: ignore[attr-defined]
        places, self.known = places_of(access)
        self.fields["community"].choices = [(EVERYWHERE, _("我能看的全部社群")), *places]  # type: ignore[attr-defined]


def ready_for(access: Access) -> list[Ready]:
    """Return the ready-made dashboards whose figures somebody may see."""
    return [each for each in READY.values() if not each.permission or access.may(each.permission)]


def _shared(row: Dashboard) -> str:
    return _now("、").join(_now(role.name) for role in row.roles.all()) or _now("只有自己")


LISTING = Listing(
    key="dashboards",
    title=_("看板"),
    columns=(
        Column("name", _("看板"), sort="name", is_fixed=True, space="clipped"),
        Column("meaning", _("说明"), space="clipped"),
        Column("cards", _("卡片"), value="card_count", show=cells.count, align="end"),
        Column(
            "community", _("看哪些社群"), value=lambda row: row.community.name if row.community else _now("全部社群")
        ),
        Column("shared", _("分享给"), value=_shared, space="clipped"),
        Column("owner", _("谁的"), value=lambda row: row.owner.name, sort="owner__name"),
        Column("changed_at", _("改于"), show=cells.ago, sort="changed_at", align="end"),
    ),
    filters=(Text("q", _("搜索看板"), fields=("name", "meaning")),),
    default_sort="-changed_at",
    key_field="public_id",
    row_url=lambda row: reverse("console:dashboard", args=[row.public_id]),
    empty=Empty(_("还没有看板"), _("把每天要看的数字摆在一页上，分享给同事。每个人只看得到自己的社群。")),
)


@page(permission=ANALYTICS_VIEW)
def dashboards(request: StaffRequest) -> HttpResponseBase:
    """List the dashboards that one may read; without any, the ready-made ones."""
    rows = visible(request.access).annotate(card_count=Count("cards", filter=Q(cards__removed_at=None)))
    if not rows.exists():
        return render(request, "console/dashboards/start.html", {"ready": ready_for(request.access)})
    return LISTING.respond(request, rows.prefetch_related("roles"), template="console/dashboards/list.html")


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def new_dashboard(request: StaffRequest) -> HttpResponse:
    """Make a dashboard, from a ready-made one or empty."""
    chosen = READY.get(request.GET.get("ready", ""))
    initial = {"ready": chosen.key if chosen else EMPTY, "name": chosen.title if chosen else ""}
    form = NewForm(request.POST or None, access=request.access, initial=initial)
    made: list[Dashboard] = []

    def make(given: Mapping[str, str]) -> None:
        ready = READY.get(given["ready"])
        made.append(
            create_dashboard(
                given["name"], owner=request.user, community=form.known.get(given["community"]),
                cards=ready.cards if ready else (), at=clock.now(),
            )
        )  # fmt: skip

    if request.method == "POST" and done(form, make):
        address = reverse("console:dashboard", args=[made[0].public_id])
        return back(request, address, _now("看板建好了。"))
    return dialog(request, form, _now("新建看板"), _now("建看板"))
