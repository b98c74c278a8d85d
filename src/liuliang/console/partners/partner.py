"""One partner: what they brought and earned, order by order, whom they have, what they send on and what they learnt."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, PARTNERS_MANAGE, PARTNERS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.partners.listing import STATES
from liuliang.kernel import clock
from liuliang.partners.materials import filled, library
from liuliang.partners.models import Binding, Commission, Partner
from liuliang.partners.queries import CURRENCY, Results, results
from liuliang.partners.services import KINDS
from liuliang.partners.training import lessons_of

SHOWN = 40
"""Commissions, members and materials that are shown."""

HOWS = {"code": _("专属码"), "coupon": _("专属券"), "binding": _("绑定的成员")}
BOUND = {"invite": _("邀请进群"), "staff": _("员工绑定")}


@page(permission=PARTNERS_VIEW)
def partner(request: StaffRequest, partner: Partner) -> HttpResponse:
    """Show a partner."""
    told = list(results(partner)) or [Results(CURRENCY, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    now = clock.now()
    lessons = lessons_of(partner)
    seen = request.access.members(MEMBERS_VIEW).values("pk") if request.access.may(MEMBERS_VIEW) else None
    bindings = partner.bindings.select_related("member").order_by("-since", "-id")
    known = set(bindings.filter(member__in=seen).values_list("pk", flat=True)) if seen is not None else set()
    context = {
        "partner": partner,
        "kind": KINDS.get(partner.kind, partner.kind),
        "state": STATES["on" if partner.is_active else "off"],
        "results": told,
        "first": told[0],
        "commissions": [
            (one, HOWS.get(one.how, one.how), _stands(one))
            for one in partner.commissions.select_related("order").order_by("-at", "-id")[:SHOWN]
        ],
        "bindings": [
            (one, *_who(one, known), BOUND.get(one.how, one.how), one.until > now) for one in bindings[:SHOWN]
        ],
        "bound": partner.bindings.filter(until__gt=now).count(),
        "materials": [
            (one, filled(one.title, partner), filled(one.text, partner))
            for one in library().filter(is_active=True).order_by("-changed_at", "pk")[:SHOWN]
        ],
        "lessons": lessons,
        "learnt": sum(1 for one in lessons if one.done and one.item.is_active),
        "taught": sum(1 for one in lessons if one.item.is_active),
        "sheets": partner.settlements.select_related("settlement").order_by("-id")[:20],
        "recruits": partner.recruits.order_by("name"),
        "may_manage": request.access.may(PARTNERS_MANAGE),
    }
    return render(request, "console/partners/partner.html", context)


def _who(binding: Binding, known: set[int]) -> tuple[str, str]:
    """Return a bound member's name and address for who may see them."""
    if binding.pk not in known:
        return _now("一位成员"), ""
    return shown_name(binding.member), member_url(binding.member)


def _stands(commission: Commission) -> tuple[str | Promise, str]:
    if commission.replaced_at is not None:
        return _("改给了别的合伙人"), ""
    return (_("观察期内"), "act") if commission.released_at is None else (_("过了观察期"), "good")
