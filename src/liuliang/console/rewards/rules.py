"""Earning rules: the list, the form with its preview beside it, stop and start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, POINTS_MANAGE, POINTS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.listing import shown_name
from liuliang.console.rewards.rule_form import OPERATORS, UNITS, RuleForm, initial_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import GROWTH, POINTS
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.earning import start_rule, stop_rule, write_rule
from liuliang.loyalty.models import EarningRule, PointsDay
from liuliang.loyalty.preview import Preview, preview
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells

DAYS = 30
"""Days that the list counts and the preview looks back on."""

INVALID = 422
SAVE = "save"
"""The button that saves; every other post of the form shows what the rule would have paid."""

STATES: dict[str, tuple[Any, str]] = {
    "on": (_("生效中"), "good"),
    "waiting": (_("未开始"), "act"),
    "over": (_("已结束"), ""),
    "off": (_("已停用"), ""),
    "dry": (_("预算用完"), "warn"),
}


@finds("rule")
def find_rule(access: Access, permission: str, value: str) -> EarningRule | None:
    """Find an earning rule; whoever may see points sees all of them."""
    del access, permission
    return EarningRule.objects.select_related("community").filter(pk=value).first() if value.isdecimal() else None


def state_of(rule: EarningRule) -> str:
    """Return how a rule stands now."""
    now = clock.now()
    if not rule.is_active:
        return "off"
    if rule.starts_at > now:
        return "waiting"
    if rule.ends_at is not None and rule.ends_at <= now:
        return "over"
    return "dry" if rule.refused_at is not None and now - rule.refused_at < timedelta(days=1) else "on"


def behaviour_title(rule: EarningRule) -> str:
    """Return what a rule rewards, in words; the key where nobody here knows it any more."""
    try:
        return str(behaviour(rule.behaviour).title)
    except Refused:
        return rule.behaviour


def pays(rule: EarningRule) -> str:
    """Return what a rule pays, in words."""
    amount = (
        formats.exact(rule.low) if rule.low == rule.high else f"{formats.exact(rule.low)}–{formats.exact(rule.high)}"
    )
    unit = UNITS.get(rule.unit, rule.unit)
    if rule.per:
        return _now("每满 {money} 给 {amount} {unit}").format(money=formats.money(rule.per), amount=amount, unit=unit)
    return f"{amount} {unit}"


def caps(rule: EarningRule) -> str:
    """Return the caps of a rule for one person, in words."""
    told = (
        (rule.cap_day, _now("每天 {n}")),
        (rule.cap_week, _now("每周 {n}")),
        (rule.cap_total, _now("总共 {n}")),
    )
    return formats.listed([words.format(n=formats.exact(cap)) for cap, words in told if cap is not None])


def _state(rule: EarningRule) -> cells.Cell:
    return cells.state(STATES)(state_of(rule))


def _in_state(rules: QuerySet[Any], value: str) -> QuerySet[Any]:
    now = clock.now()
    if value == "off":
        return rules.filter(is_active=False)
    active = rules.filter(is_active=True)
    if value == "waiting":
        return active.filter(starts_at__gt=now)
    if value == "over":
        return active.filter(ends_at__lte=now)
    return active.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)


RULES = Listing(
    key="earning-rules",
    title=_("积分规则"),
    columns=(
        Column("title", _("规则"), value="title", sort="title", is_fixed=True),
        Column("behaviour", _("行为"), value=behaviour_title),
        Column("pays", _("奖励"), value=pays),
        Column("caps", _("每人上限"), value=caps),
        Column("place", _("社群"), value=lambda rule: rule.community.name if rule.community else _now("全部社群")),
        Column("state", _("状态"), value=lambda rule: str(STATES[state_of(rule)][0]), cell=_state),
        Column("given", _("近 30 天发放"), value="given", show=cells.count, sort="given", align="end"),
        Column("created", _("建于"), value="created_at", show=cells.ago, sort="created_at", align="end"),
    ),
    filters=(
        Text("q", _("搜索规则"), fields=("title",)),
        Choice("unit", _("奖励"), options=[Option(key, words) for key, words in UNITS.items()], is_primary=True),
        Choice(
            "state", _("状态"), options=[Option(key, STATES[key][0]) for key in ("on", "waiting", "over", "off")],
            narrow=_in_state, is_primary=True,
        ),
    ),
    default_sort="-created",
    row_url=lambda rule: reverse("console:earning-rule", args=[rule.pk]),
    export_name=_("积分规则"),
    empty=Empty(
        _("还没有积分规则"),
        _("规则说：在哪里、做了什么、给多少、最多给多少。保存之前先看它上个月会发多少、主要发给谁。"),
        _("新建规则"),
        "/points/rules/new/",
        permission=POINTS_MANAGE,
    ),
)  # fmt: skip


@page(permission=POINTS_VIEW)
def rules(request: StaffRequest) -> HttpResponseBase:
    """List the earning rules."""
    since = today(clock.now()) - timedelta(days=DAYS - 1)
    given = (
        PointsDay.objects.filter(day__gte=since, kind="points.earned", rule=OuterRef("pk"))
        .values("rule")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    rows = EarningRule.objects.select_related("community").annotate(
        given=Subquery(given, output_field=BigIntegerField())
    )
    return RULES.respond(request, rows, template="console/rewards/rules.html")


@page(permission=POINTS_MANAGE, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Write a new rule."""
    unit = request.GET.get("unit", POINTS)
    start = {
        "unit": unit if unit == GROWTH else POINTS, "starts_on": today(clock.now()), "undo_hours": 24,
        "validity": "never" if unit == GROWTH else "year_end", "validity_number": 1,
    }  # fmt: skip
    return _edit(request, None, start)


@page(permission=POINTS_VIEW)
def rule(request: StaffRequest, rule: EarningRule) -> HttpResponse:
    """Show a rule: what it says and what it paid."""
    if request.access.may_everywhere(POINTS_MANAGE):
        return _page(request, rule, RuleForm(request.access, initial=initial_of(rule)), None)
    context = {"rule": rule, "facts": _facts(rule), "state": STATES[state_of(rule)]}
    return render(request, "console/rewards/rule_facts.html", context)


@page(permission=POINTS_MANAGE, methods=("POST",))
def edit(request: StaffRequest, rule: EarningRule) -> HttpResponse:
    """Change a rule, or show what it would have paid changed so."""
    return _edit(request, rule, initial_of(rule))


@page(permission=POINTS_MANAGE, methods=("POST",))
def stop(request: StaffRequest, rule: EarningRule) -> HttpResponse:
    """Let a rule pay nothing from now on."""
    stop_rule(rule)
    messages.success(request, _now("规则已停用。之前发的不变，撤销的照样收回。"))
    return redirect("console:earning-rule", rule.pk)


@page(permission=POINTS_MANAGE, methods=("POST",))
def start(request: StaffRequest, rule: EarningRule) -> HttpResponse:
    """Let a stopped rule pay again."""
    start_rule(rule)
    messages.success(request, _now("规则已启用，从现在起发生的会奖励。"))
    return redirect("console:earning-rule", rule.pk)


def _edit(request: StaffRequest, kept: EarningRule | None, initial: dict[str, Any]) -> HttpResponse:
    if request.method == "GET":
        return _page(request, kept, RuleForm(request.access, initial=initial), None)
    form = RuleForm(request.access, request.POST, initial=initial)
    found: Preview | None = None
    if form.is_valid():
        try:
            meant = form.rule(kept)
            if SAVE in request.POST:
                write_rule(meant, at=clock.now())
                messages.success(request, _now("规则已保存。"))
                return redirect("console:earning-rule", meant.pk)
            found = preview(meant, at=clock.now(), days=DAYS)
        except Refused as refused:
            form.add_error(None, errors.sentence(refused))
    return _page(request, kept, form, found)


def _page(request: StaffRequest, kept: EarningRule | None, form: RuleForm, found: Preview | None) -> HttpResponse:
    most = []
    if found is not None:
        people = request.access.members(MEMBERS_VIEW).in_bulk([member for member, _points in found.most])
        most = [
            (shown_name(people[member]), people[member], points) for member, points in found.most if member in people
        ]
    context = {
        "rule": kept,
        "form": form,
        "found": found,
        "most": most,
        "days": DAYS,
        "operators": list(OPERATORS.items()),
        "state": STATES[state_of(kept)] if kept else None,
        "url": reverse("console:edit-earning-rule", args=[kept.pk]) if kept else reverse("console:new-earning-rule"),
    }
    return render(request, "console/rewards/rule.html", context, status=INVALID if form.errors else 200)


def _facts(rule: EarningRule) -> list[tuple[Any, str]]:
    place = rule.community.name if rule.community else _now("全部社群")
    return [
        (_("行为"), behaviour_title(rule)), (_("奖励"), pays(rule)), (_("每人上限"), caps(rule) or _now("不限")),
        (_("社群"), place), (_("预算"), rule.budget or _now("不限预算")),
    ]  # fmt: skip
