"""人手: everybody who is in charge of groups, what they carry beside what they can run, and whether it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, STAFF_MANAGE
from liuliang.analytics.workload import (
    FEWEST_PEOPLE,
    FEWEST_QUESTIONS,
    WORKLOAD,
    Asking,
    Side,
    Verdict,
    Workload,
    verdicts,
)
from liuliang.console.capacity.ground import Seen, see, work_of
from liuliang.console.capacity.words import IN_CHARGE, OVER, STATES, bar, load_words, over_words, state_of
from liuliang.console.doors import StaffRequest, page
from liuliang.people.access import Access
from liuliang.people.capacity import Load
from liuliang.people.charge import Standing, standings
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, cells
from liuliang.ui.templatetags import ui


@dataclass(frozen=True, slots=True)
class Line:
    """A colleague in the list. Messages and questions are those of a day; None where nothing is known."""

    id: int
    name: str
    load: Load
    most: Load
    is_own: bool
    messages: float | None
    questions: float | None
    asking: Asking
    may_change: bool

    @property
    def state(self) -> str:
        """Return how the load stands beside what can be run."""
        return state_of(self.load, self.most)

    @property
    def pressure(self) -> float:
        """Return how many times what can be run the load is, by groups or by members, whichever is more."""
        return self.load.times(self.most)

    @property
    def groups(self) -> int:
        """Return how many groups they are in charge of."""
        return self.load.groups

    @property
    def members(self) -> int:
        """Return how many are in these groups."""
        return self.load.members

    @property
    def unanswered(self) -> float | None:
        """Return the share of questions that nobody answered."""
        return self.asking.share

    @property
    def median(self) -> float | None:
        """Return how long the others waited."""
        return self.asking.median


def _name(line: Line) -> cells.Cell:
    own = ui.tag(_now("单独设置")) if line.is_own else ""
    return format_html('<span class="named">{}<span>{} {}</span></span>', ui.face(line.name), line.name, own)


def groups_url(charge: int | str) -> str:
    """Return where the groups of a colleague are listed, or those that nobody is in charge of."""
    return f"{reverse('console:capacity-groups')}?charge={charge}"


def per_day(value: float | None) -> cells.Cell:
    """Write what there is on a day."""
    return "–" if value is None else formats.exact(round(value, 1))


PEOPLE = Listing(
    key="capacity",
    title=_("人手"),
    columns=(
        Column("name", _("负责人"), cell=_name, sort="name", is_fixed=True, hint=IN_CHARGE),
        Column("state", _("带得动吗"), show=cells.state(STATES), sort="pressure", hint=_("按群和按成员里占得更满的那一项排。")),
        Column("groups", _("群"), cell=lambda line: bar(line.groups, line.most.groups), sort="groups"),
        Column("members", _("群成员"), cell=lambda line: bar(line.members, line.most.members), sort="members"),
        Column("messages", _("每天消息"), show=per_day, sort="messages", align="end", hint=WORKLOAD.counted),
        Column("questions", _("每天提问"), show=per_day, sort="questions", align="end"),
        Column(
            "unanswered", _("一天内没人答"), show=cells.percent, sort="unanswered", align="end",
            hint=_("提问里，24 小时内没有别人回应的占多少。"),
        ),
        Column("median", _("响应时间（中位数）"), show=cells.duration, sort="median", align="end"),
        Column("most_groups", _("能带的群"), value="most.groups", show=cells.count, align="end", is_default=False),
        Column("most_members", _("能带的成员"), value="most.members", show=cells.count, align="end", is_default=False),
    ),
    filters=(
        Text("q", _("搜索姓名")),
        Choice("state", _("状态"), options=[Option(key, words) for key, (words, _tone) in STATES.items()], is_primary=True),
    ),
    default_sort="-state",
    tie_breaker="id",
    key_field="id",
    row_url=lambda line: groups_url(line.id),
    row_actions="console/capacity/actions.html",
    export_name=_("人手"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(
        _("还没有人负责社群"),
        _("给同事授予“群主”这样的角色并点名到群，就能看到每个人带了多少群、带不带得动。"),
        _("邀请员工"),
        "/staff/invite/",
        permission=STAFF_MANAGE,
    ),
)  # fmt: skip


@page(permission=ANALYTICS_VIEW)
def people(request: StaffRequest) -> HttpResponseBase:
    """List who is in charge of groups by how much they carry."""
    access = request.access
    seen = see(access, ANALYTICS_VIEW)
    work = work_of(seen)
    lines = lines_of(access, seen, work)
    charge = seen.charge
    context = {
        "states": [(key, words, Counter(line.state for line in lines)[key]) for key, (words, _tone) in STATES.items()],
        "over": OVER,
        "together": load_words(charge.total, charge.able),
        "is_too_much": charge.total.exceeds(charge.able),
        "total": charge.total,
        "people": len(lines),
        "unattended": len(charge.unattended),
        "unattended_url": groups_url("nobody"),
        "usual": charge.limits.usual,
        "period": work.period if work is not None else None,
        "evidence": evidence(lines) if work is not None else [],
        "workload": WORKLOAD,
        "in_charge": IN_CHARGE,
        "may_change": access.may_everywhere(STAFF_MANAGE),
        "is_part": not access.may_everywhere(ANALYTICS_VIEW),
    }
    return PEOPLE.respond(request, partial(_rows, lines), template="console/capacity/list.html", context=context)


def lines_of(access: Access, seen: Seen, work: Workload | None) -> list[Line]:
    """Return everybody who is in charge of a group."""
    charge = seen.charge
    theirs: dict[int, list[int]] = {}
    for group, staff in charge.of_group.items():
        for each in staff:
            theirs.setdefault(each, []).append(group)
    changeable = (
        set(access.colleagues(STAFF_MANAGE).values_list("id", flat=True)) if access.may(STAFF_MANAGE) else set()
    )
    return [
        _line(
            each, theirs[each.staff], work, is_own=each.staff in charge.limits.own, may_change=each.staff in changeable
        )
        for each in standings(charge)
    ]


def _line(each: Standing, groups: Sequence[int], work: Workload | None, *, is_own: bool, may_change: bool) -> Line:
    if work is None:
        return Line(each.staff, each.name, each.load, each.most, is_own, None, None, Asking(), may_change)
    asking = work.by_person.get(each.staff, Asking())
    messages = sum(work.messages.get(group, 0) for group in groups) / work.days
    return Line(
        each.staff, each.name, each.load, each.most, is_own, messages, asking.questions / work.days, asking, may_change
    )


def _rows(lines: Sequence[Line], values: Mapping[str, Any]) -> Source:
    wanted = str(values.get("q", "")).casefold()
    return ListSource(
        [line for line in lines if wanted in line.name.casefold() and values.get("state", line.state) == line.state]
    )


def evidence(lines: Sequence[Line]) -> list[str]:
    """Say of both measures whether people over what they can run do worse than the others, or that it cannot be told."""
    found = verdicts([Side(line.state == OVER, line.asking) for line in lines])
    if all(each.comparison is None for each in found):
        return [_too_few(found[0])]
    return [_said(each) for each in found]


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a measure is told: its name, how a value is written, and what is said where those who carry too much do worse, or better."""

    what: str | Promise
    show: Callable[[float], str]
    worse: str | Promise
    better: str | Promise


def _said(found: Verdict) -> str:
    measure = _MEASURES[found.what]
    if found.comparison is None or not found.is_told:
        return _unknown(str(measure.what), found)
    words = str(measure.worse if found.comparison.difference > 0 else measure.better)
    now, before = measure.show(found.comparison.now), measure.show(found.comparison.before)
    return words.format(n=found.over, m=found.within, now=now, before=before)


def _unknown(what: str, found: Verdict) -> str:
    if found.comparison is None:
        return _now("{what}：{why}").format(what=what, why=_too_few(found))
    return _now("{what}：看不出差别。带得过多的 {n} 人和带得动的 {m} 人，差别没有超出偶然。").format(
        what=what, n=found.over, m=found.within
    )


def _too_few(found: Verdict) -> str:
    return _now(
        "看不出：提问够多（{questions} 个起）的负责人里，带得过多的有 {n} 人，带得动的有 {m} 人；两边都要有 {people} 人以上、各人又不完全一样，才能比。"
    ).format(questions=FEWEST_QUESTIONS, n=found.over, m=found.within, people=FEWEST_PEOPLE)


_MEASURES: Mapping[str, _Measure] = {
    "share": _Measure(
        _("没人答的提问占比"),
        formats.percent,
        _("带得过多的 {n} 人，没人答的提问平均占 {now}；带得动的 {m} 人是 {before}。超出偶然：带得多的人答得更少。"),
        _(
            "带得过多的 {n} 人，没人答的提问平均占 {now}；带得动的 {m} 人是 {before}。超出偶然：带得多的人反而答得更多，上限也许可以放宽。"
        ),
    ),
    "median": _Measure(
        _("响应时间"),
        formats.duration,
        _("带得过多的 {n} 人，响应时间平均 {now}；带得动的 {m} 人是 {before}。超出偶然：带得多的人答得更慢。"),
        _(
            "带得过多的 {n} 人，响应时间平均 {now}；带得动的 {m} 人是 {before}。超出偶然：带得多的人反而答得更快，上限也许可以放宽。"
        ),
    ),
}


def overloaded(access: Access) -> list[tuple[Standing, str]]:
    """Return who carries more than they can run, most of it first, each with the words for it."""
    found = [each for each in standings(see(access, ANALYTICS_VIEW).charge) if each.load.exceeds(each.most)]
    found.sort(key=lambda each: each.load.times(each.most), reverse=True)
    return [(each, over_words(each.load, each.most)) for each in found]
