"""Badges as staff write them: name, picture, where, and the rule that gives them, with how many it would mean now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import HONOUR_MANAGE
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.behaviours import behaviours
from liuliang.loyalty.changing import save_badge
from liuliang.loyalty.honour import ICONS, MEASURES, Rule, reaching, rule_of
from liuliang.loyalty.models import Badge
from liuliang.people.access import Access

INVALID = 422
SAVE = "save"
BY_HAND = ""
EVERYWHERE = ""

ICON_NAMES: dict[str, str | Promise] = {
    "award": _("奖章"), "medal": _("奖牌"), "trophy": _("奖杯"), "crown": _("皇冠"), "star": _("星星"), "heart": _("爱心"),
    "flame": _("火焰"), "diamond": _("钻石"), "rocket": _("火箭"), "book": _("书本"), "bulb": _("灯泡"), "users": _("伙伴"),
}  # fmt: skip


class BadgeForm(forms.Form):
    """A badge as people fill it in."""

    name = forms.CharField(label=_("勋章名称"), max_length=40)
    description = forms.CharField(
        label=_("说明"), max_length=200, required=False, help_text=_("为什么有这枚勋章，成员会看到")
    )
    icon = forms.ChoiceField(label=_("图案"), choices=[(key, ICON_NAMES[key]) for key in ICONS])
    community = forms.ChoiceField(label=_("在哪里"), required=False, help_text=_("包括它下面的所有社群"))
    measure = forms.ChoiceField(
        label=_("怎么给"), required=False, choices=[(BY_HAND, _("由员工颁发")), *MEASURES.items()],
        help_text=_("按规则给的，每小时给一次，给过或收回过的不再给"),
    )  # fmt: skip
    behaviour = forms.ChoiceField(label=_("做了什么"), required=False, help_text=_("只用于“做了多少次”"))
    at_least = forms.IntegerField(label=_("至少多少"), required=False, min_value=1, max_value=10**12)
    is_active = forms.BooleanField(label=_("还在颁发"), required=False)

    def __init__(
        self, access: Access, posted: QueryDict | None = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(posted, initial=initial)
        self._places = {place.public_id: place for place in access.communities(HONOUR_MANAGE).order_by("name")}
        places = [(key, place.name) for key, place in self._places.items()]
        if access.may_everywhere(HONOUR_MANAGE):
            places.insert(0, (EVERYWHERE, _now("全部社群")))
        self.fields["community"].choices = places  # type: ignore[attr-defined]
        self.fields["community"].required = not access.may_everywhere(HONOUR_MANAGE)
        self.fields["behaviour"].choices = [  # type: ignore[attr-defined]
            (one.key, one.title) for one in behaviours()
        ]

    def rule(self) -> Rule | None:
        """Return the rule that the form means; None for by hand."""
        told = self.cleaned_data
        if not told["measure"]:
            return None
        key = told["behaviour"] if told["measure"] == "times" else ""
        return Rule(told["measure"], told["at_least"] or 0, key)

    def badge(self, kept: Badge | None) -> Badge:
        """Return the badge that the form means, not saved."""
        told = self.cleaned_data
        badge = kept or Badge()
        badge.name, badge.description, badge.icon = told["name"], told["description"], told["icon"]
        badge.community = self._places.get(told["community"])
        badge.is_active = told["is_active"]
        return badge


@page(permission=HONOUR_MANAGE, methods=("GET", "POST"))
def new_badge(request: StaffRequest) -> HttpResponse:
    """Write a new badge."""
    return _edit(request, None, {"icon": ICONS[0], "is_active": True})


@page(permission=HONOUR_MANAGE, methods=("GET", "POST"))
def badge(request: StaffRequest, badge: Badge) -> HttpResponse:
    """Change a badge."""
    rule = rule_of(badge)
    initial = {
        "name": badge.name,
        "description": badge.description,
        "icon": badge.icon,
        "community": badge.community.public_id if badge.community else EVERYWHERE,
        "measure": rule.measure if rule else BY_HAND,
        "behaviour": rule.behaviour if rule else "",
        "at_least": rule.at_least if rule else None,
        "is_active": badge.is_active,
    }
    return _edit(request, badge, initial)


def _edit(request: StaffRequest, kept: Badge | None, initial: dict[str, Any]) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = BadgeForm(request.access, posted, initial=initial)
    found: int | None = None
    if posted is not None and form.is_valid():
        try:
            rule = form.rule()
            meant = form.badge(kept)
            if SAVE in posted:
                save_badge(meant, rule, at=clock.now())
                messages.success(request, _now("勋章已保存。"))
                return redirect("console:honour")
            if rule is not None:
                rule.check()
                found = len(reaching(rule, meant.community_id))
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
    context = {
        "badge": kept,
        "form": form,
        "found": found,
        "url": reverse("console:badge", args=[kept.pk]) if kept else reverse("console:new-badge"),
    }
    return render(request, "console/rewards/badge.html", context, status=INVALID if form.errors else 200)
