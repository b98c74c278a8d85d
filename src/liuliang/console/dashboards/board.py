"""One dashboard: its cards, which load by themselves, its file, and what its owner can do with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import FileResponse, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.models import Role
from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.console.analysis.costs import EVERYWHERE
from liuliang.console.analysis.ground import Ground, ground_of, query_of
from liuliang.console.dashboards.arranging import arranged
from liuliang.console.dashboards.file import write_dashboard
from liuliang.console.dashboards.places import places_of
from liuliang.console.dashboards.standing import parameters_of
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.dashboards.arranging import MOST_CARDS
from liuliang.dashboards.models import Dashboard
from liuliang.dashboards.queries import cards_of, changeable
from liuliang.dashboards.services import (
    LENGTHS,
    NAME_LIMIT,
    change_dashboard,
    copy_dashboard,
    delete_dashboard,
    share_dashboard,
)
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access


class SettingsForm(forms.Form):
    """What a dashboard is called, and what it usually speaks of."""

    name = forms.CharField(label=_("看板名称"), max_length=NAME_LIMIT)
    meaning = forms.CharField(label=_("说明"), max_length=300, required=False, help_text=_("给谁看，看什么"))
    community = forms.ChoiceField(label=_("看哪些社群"), required=False)
    days = forms.TypedChoiceField(label=_("平时看多久"), coerce=int)

    def __init__(self, *args: object, access: Access, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        places, self.known = places_of(access)
        self.fields["community"].choices = [(EVERYWHERE, _("各人能看的全部社群")), *places]  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (length, _now("近 {n} 天").format(n=length)) for length in LENGTHS
        ]


class ShareForm(forms.Form):
    """Which roles may read a dashboard."""

    roles = forms.TypedMultipleChoiceField(
        label=_("哪些角色可以看"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        able = Role.objects.filter(permissions__contains=[ANALYTICS_VIEW]).order_by("id")
        self.known = {role.pk: role for role in able}
        # Roles that come with the product are stored in Chinese, and shown in the reader's language.
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role.pk, _now(role.name)) for role in self.known.values()
        ]


@page(permission=ANALYTICS_VIEW)
def dashboard(request: StaffRequest, dashboard: Dashboard) -> HttpResponseBase:
    """Show a dashboard at once; each of its cards follows by itself."""
    parameters = parameters_of(request.access, dashboard, request.GET)
    cards = cards_of(dashboard)
    ground = _ground(request.access, parameters, request.path)
    if request.GET.get("export") == "xlsx":
        name = f"{dashboard.name}-{clock.local_day(clock.now(), ground.timezone):%Y%m%d}.xlsx"
        return FileResponse(
            write_dashboard(request.access, dashboard, cards, parameters), as_attachment=True, filename=name
        )
    may_change = changeable(request.access).filter(pk=dashboard.pk).exists()
    context = {
        "dashboard": dashboard,
        "cards": cards,
        "ground": ground,
        "choice": ground.choice,
        "query": query_of(request.GET, arrange=None, export=None),
        "may_change": may_change,
        "may_add": len(cards) < MOST_CARDS,
        "is_arranged": may_change and "arrange" in request.GET,
        "roles": [_now(role.name) for role in dashboard.roles.order_by("id")],
        "is_own": dashboard.owner_id == request.user.pk,
    }
    if context["is_arranged"]:
        context |= arranged(dashboard)
    return render(request, "console/dashboards/board.html", context)


def _ground(access: Access, parameters: QueryDict, path: str) -> Ground:
    """Return the ground that is chosen from. Where the choice of an old address is gone the cards say so, and one chooses anew."""
    try:
        return ground_of(access, parameters, path=path)
    except Refused:
        open_ = parameters.copy()
        for name in ("community", "charge", "segment"):
            open_.pop(name, None)
        return ground_of(access, open_, path=path)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def copy(request: StaffRequest, dashboard: Dashboard) -> HttpResponse:
    """Make a dashboard of one's own like one that one may read."""
    name = _now("{name} 副本").format(name=dashboard.name)
    made = copy_dashboard(dashboard, name=name, owner=request.user, at=clock.now())
    return back(request, reverse("console:dashboard", args=[made.public_id]), _now("复制好了，这一份是你自己的。"))


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def settings(request: StaffRequest, own_dashboard: Dashboard) -> HttpResponse:
    """Change what a dashboard is called and what it usually speaks of."""
    place = own_dashboard.community
    initial = {
        "name": own_dashboard.name,
        "meaning": own_dashboard.meaning,
        "community": place.public_id if place is not None else EVERYWHERE,
        "days": own_dashboard.days,
    }
    form = SettingsForm(request.POST or None, access=request.access, initial=initial)

    def change(given: Any) -> None:
        change_dashboard(
            own_dashboard, name=given["name"], meaning=given["meaning"], community=form.known.get(given["community"]),
            days=given["days"], by=request.access, at=clock.now(),
        )  # fmt: skip

    if request.method == "POST" and done(form, change):
        return back(request, reverse("console:dashboard", args=[own_dashboard.public_id]), _now("已保存。"))
    return dialog(request, form, _now("看板设置"), _now("保存"))


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def share(request: StaffRequest, own_dashboard: Dashboard) -> HttpResponse:
    """Choose which roles may read a dashboard."""
    form = ShareForm(
        request.POST if request.method == "POST" else None,
        initial={"roles": list(own_dashboard.roles.values_list("pk", flat=True))},
    )
    if request.method == "POST" and done(
        form,
        lambda given: share_dashboard(
            own_dashboard, [form.known[pk] for pk in given["roles"]], by=request.access, at=clock.now()
        ),
    ):
        return back(request, reverse("console:dashboard", args=[own_dashboard.public_id]), _now("分享已更新。"))
    place = own_dashboard.community
    text = (
        _now("有这些角色、又在“{place}”这一支工作的同事可以看，不能改。每个人只看得到分给自己的社群的数字。").format(
            place=place.name
        )
        if place is not None
        else _now("有这些角色的同事都可以看，不能改。每个人只看得到分给自己的社群的数字。")
    )
    return dialog(request, form, _now("分享看板"), _now("保存"), text=text)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def remove(request: StaffRequest, own_dashboard: Dashboard) -> HttpResponse:
    """Delete a dashboard."""
    delete_dashboard(own_dashboard)
    return back(request, reverse("console:dashboards"), _now("看板已删除。"))
