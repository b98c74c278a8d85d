"""目标: every goal one may see, with how it stands; setting one, and taking it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.analytics.base import STAGES, Metric, metrics, metrics_of
from liuliang.analytics.models import Goal
from liuliang.analytics.services import delete_goal, set_goal
from liuliang.console import errors
from liuliang.console.analysis.cells import number_of
from liuliang.console.analysis.costs import EVERYWHERE, places_for
from liuliang.console.analysis.metrics import needs_of
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.fields import day_field
from liuliang.console.goals.words import STATES, Told, told
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, cells
from liuliang.ui.templatetags import ui

INVALID = 422
SHOWN = 500
"""Goals that are followed for one list: the latest."""

SCALE = {"money": 100.0, "percent": 0.01, "duration": 60.0}
"""How many of a metric's own units one unit of the form is: yuan, per cent, minutes."""


@finds("goal")
def find_goal(access: Access, permission: str, value: str) -> Goal | None:
    """Find a goal of a community where the permission holds; one of all communities if it holds everywhere."""
    return visible(access, permission).filter(public_id=value).first()


def visible(access: Access, permission: str) -> QuerySet[Goal]:
    """Return the goals that somebody may see."""
    reach = access.community_ids(permission)
    rows = Goal.objects.select_related("community")
    return rows if reach is None else rows.filter(community__in=reach)


class GoalForm(forms.Form):
    """What a metric should reach, where, and by when."""

    metric = forms.ChoiceField(label=_("指标"))
    community = forms.ChoiceField(required=False, label=_("社群"))
    first_day = day_field(_("从"))
    last_day = day_field(_("到"))
    target = forms.FloatField(
        label=_("目标值"), min_value=0, help_text=_("金额按元，比例按百分数（30 就是 30%），时长按分钟。")
    )

    def __init__(self, *args: object, access: Access, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        places, self.known = places_for(access, ANALYTICS_EDIT, ANALYTICS_VIEW)
        self.fields["community"].choices = places  # type: ignore[attr-defined]
        # Only who may everywhere may leave the community open.
        self.fields["community"].required = EVERYWHERE not in dict(places)
        self.fields["metric"].choices = [  # type: ignore[attr-defined]
            (words, [(each.key, _titled(each)) for each in metrics_of(key) if _may(access, each)])
            for key, words in STAGES.items()
        ]


def _titled(metric: Metric) -> str:
    direction = _now("不超过") if metric.definition.good == "down" else _now("达到")
    return f"{metric.definition.title} · {direction}"


def _may(access: Access, metric: Metric) -> bool:
    return all(map(access.may, needs_of(metric)))


def _state(row: Told) -> cells.Cell:
    return ui.tag(row.state_words, row.tone)


def _bar(row: Told) -> cells.Cell:
    if row.share is None:
        return "–"
    mark = row.mark
    line = format_html('<rect class="health-interval" x="{}" width="6" height="10"/>', mark) if mark is not None else ""
    return format_html(
        '<span class="goal-bar"><svg class="funnel-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="funnel-rest" width="1000" height="10"/><rect class="funnel-kept" width="{}" height="10"/>{}</svg>{}</span>',
        row.width, line, formats.percent(row.share, 0),
    )  # fmt: skip


def _number(part: str) -> Callable[[Told], float | None]:
    """Return how to read a number of a goal as a workbook holds it."""

    def read(row: Told) -> float | None:
        value = getattr(row.progress, part)
        return None if value is None else number_of(row.metric.style, value)

    return read


LISTING = Listing(
    key="goals",
    title=pgettext_lazy("several", "目标"),
    columns=(
        Column("title", _("指标"), sort="title", is_fixed=True),
        Column("place", _("社群"), sort="place", space="clipped"),
        Column("first_day", _("从"), show=cells.day, sort="first_day"),
        Column("last_day", _("到"), show=cells.day, sort="last_day"),
        Column("value", _("现在"), value=_number("value"), cell=lambda row: cells.text(row.value), align="end"),
        Column(
            "expected", _("按时间该到"), value=_number("expected"), cell=lambda row: cells.text(row.expected or None),
            align="end", hint=_("按天平摊的进度；只有一天天累加的数和群成员数才有。"),
        ),
        Column("target", _("目标值"), value=_number("target"), cell=lambda row: cells.text(row.target), align="end"),
        Column("share", _("完成"), cell=_bar, sort="share"),
        Column(
            "forecast", _("期末会到"), align="end",
            hint=_("按已过去的日子推算的 95% 区间；比例和平均数是现在的 95% 区间。"),
        ),
        Column("state_words", _("能不能达成"), cell=_state, sort="state_words"),
    ),
    filters=(
        Text("q", _("搜索指标或社群")),
        Choice("state", _("能不能达成"), options=[Option(key, words[0]) for key, words in STATES.items()], is_primary=True),
    ),
    default_sort="-last_day",
    tie_breaker="id",
    key_field="public_id",
    row_url=lambda row: row.url,
    row_actions="console/goals/actions.html",
    export_name=pgettext_lazy("several", "目标"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(
        _("还没有目标"),
        _("给任意一个指标定一个数和一段时间，这里就会告诉你现在走到哪、按时间该到哪、照这样能不能达成。"),
        _("定目标"),
        "/goals/new/",
        "chart",
        ANALYTICS_EDIT,
        is_dialog=True,
    ),
)  # fmt: skip


@page(permission=ANALYTICS_VIEW)
def listing(request: StaffRequest) -> HttpResponseBase:
    """List the goals one may see."""
    rows = list(visible(request.access, ANALYTICS_VIEW).order_by("-last_day", "-id")[:SHOWN])
    found = told(request.access, rows, permission_to_change=ANALYTICS_EDIT)
    context = {"may_set": request.access.may(ANALYTICS_EDIT)}
    return LISTING.respond(request, _rows(found), template="console/goals/list.html", context=context)


@page(permission=ANALYTICS_VIEW)
def of_community(request: StaffRequest, community: Community) -> HttpResponse:
    """Show the goals of one community that are running or ended lately, as a card of its page."""
    since = clock.local_day(clock.now(), community.timezone).replace(day=1)
    mine = visible(request.access, ANALYTICS_VIEW).filter(Q(community=community), last_day__gte=since)
    context = {
        "community": community,
        "goals": told(request.access, list(mine.order_by("last_day", "id")[:20]), permission_to_change=ANALYTICS_EDIT),
        "may_set": request.access.may(ANALYTICS_EDIT, community),
    }
    return render(request, "console/goals/card.html", context)


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Set a goal."""
    initial = {"community": request.GET.get("community", ""), "metric": request.GET.get("metric", "")}
    form = GoalForm(request.POST or None, access=request.access, initial=initial)
    if form.is_valid():
        given = form.cleaned_data
        metric = metrics()[given["metric"]]
        try:
            set_goal(
                community=form.known.get(given["community"]), metric=metric.key, first_day=given["first_day"],
                last_day=given["last_day"], target=given["target"] * SCALE.get(metric.style, 1.0), at=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return back(request, reverse("console:goals"), _now("目标已定。"))
    return render(request, "console/goals/dialog.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def remove(request: StaffRequest, goal: Goal) -> HttpResponse:
    """Take a goal away."""
    delete_goal(goal)
    return back(request, reverse("console:goals"), _now("已删除。"))


def _rows(found: list[Told]) -> Callable[[Mapping[str, Any]], Source]:
    def rows(values: Mapping[str, Any]) -> Source:
        wanted = str(values.get("q", "")).casefold()
        return ListSource(
            [
                each
                for each in found
                if (wanted in each.title.casefold() or wanted in each.place.casefold())
                and values.get("state", each.state) == each.state
            ]
        )

    return rows
