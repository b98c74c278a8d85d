"""停留: of those who came, how many are still there after so many days, and whom they leave by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics import survival as story
from liuliang.analytics.base import Statement
from liuliang.analytics.survival import FEWEST_AT_RISK, Curve, End, Question, Split
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members, query_of, recorded_until
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import WAYS
from liuliang.console.doors import StaffRequest, page
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series
from liuliang.ui.listing import Column, Empty, Listing, ListSource, Source, cells
from liuliang.ui.templatetags import ui

FOLDER = "console/analysis"
USUAL_DAYS = 90
AFTER: Mapping[int, str | Promise] = {
    1: _("满 1 天还在"),
    7: _("满 7 天还在"),
    30: _("满 30 天还在"),
    90: _("满 90 天还在"),
}
"""Days after coming that the table tells of."""

MOST_DRAWN = 5
"""Curves in the picture: those of most people."""

ENDS: Mapping[End, str | Promise] = {"left": _("退群"), "silent": _("沉默（30 天没说话）")}
SPLITS: Mapping[Split, str | Promise] = {"": _("不分组"), "how": _("按进群方式"), "community": _("按社群")}
DIFFERS: Mapping[int, tuple[str | Promise, str]] = {
    1: (_("比别的留得久"), "good"),
    -1: (_("比别的走得快"), "bad"),
    0: (_("看不出差别"), ""),
}

_OF_LIST = ("after", "before", "export", "prefer", "column", "density", "size", "sort")
"""Parameters of the list's moment, which no other address carries on."""


@dataclass(frozen=True, slots=True)
class Line:
    """A part in the list; the addresses are empty where its people may not be seen."""

    name: str
    curve: Curve
    gone_url: str
    here_url: str
    within_urls: Mapping[int, str]
    is_parted: bool

    @property
    def people(self) -> int:
        """Return how many came."""
        return self.curve.people

    @property
    def gone(self) -> int:
        """Return how many have gone."""
        return self.curve.gone

    @property
    def here(self) -> int:
        """Return how many are still there."""
        return self.curve.people - self.curve.gone

    @property
    def median(self) -> int | None:
        """Return within how many days half were gone."""
        return self.curve.median


@page(permission=ANALYTICS_VIEW)
def survival(request: StaffRequest) -> HttpResponseBase:
    """Show how long people stay."""
    parameters = request.GET.copy()
    for name in _OF_LIST:
        parameters.pop(name, None)
    if not {"days", "from", "to"} & parameters.keys():
        parameters["days"] = str(USUAL_DAYS)
    ground = ground_of(request.access, parameters, path=request.path)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": _now("停留")})
    question = question_of(ground, parameters)
    curves = story.survival(question)
    sql, values = story.statement_of(question)
    period = ground.choice.period
    query = query_of(parameters, **{"days": None, "from": period.first.isoformat(), "to": period.last.isoformat()})
    lines = lines_of(question, curves, ground.names, query if may_see_members(request.access) else "")
    context = {
        "ground": ground,
        "choice": ground.choice,
        "question": question,
        "ends": ENDS,
        "splits": SPLITS,
        "people": sum(curve.people for curve in curves),
        "claim": claim_of(lines, question),
        "curve": chart_of(question, lines),
        "definition": story.SURVIVAL,
        "sql": told(Statement(sql, values, "records")),
    }
    return LISTING.respond(request, _rows(lines), template=f"{FOLDER}/survival.html", context=context)


def question_of(ground: Ground, parameters: QueryDict) -> Question:
    """Read the question from the address; what cannot be understood takes its usual value.

    Who is still there is told as of now or the end of the record, whichever days they came on; to the hour, so that the answer
    can be remembered.
    """
    end, split = parameters.get("end", ""), parameters.get("split", "")
    return Question(
        scope=ground.scope,
        period=ground.choice.period,
        at=recorded_until(ground),
        end=cast("End", end if end in ENDS else "left"),
        split=cast("Split", split if split in SPLITS else ""),
    )


def claim_of(lines: Sequence[Line], question: Question) -> str:
    """Return in a sentence how long people stay."""
    people = sum(line.people for line in lines)
    if not people and question.end == "silent":
        return _now("这段时间没有人第一次进群，或者来了都不到 30 天，还看不出谁会沉默。选更早的一段时间试试。")
    if not people:
        return _now("这段时间没有人第一次进群，说不上能留多久。换一段时间或换一个社群试试。")
    if not any(line.gone for line in lines):
        if question.end == "left":
            return _now("没有一个人退群的记录。微信的记录不写谁自己退了群：改成“沉默”看看。")
        return _now("来的人里还没有人沉默下来。")
    return _parted_claim(lines) if len(lines) > 1 else _plain_claim(lines[0].curve)


def _plain_claim(curve: Curve) -> str:
    people = formats.exact(curve.people)
    if curve.median is not None:
        half = ngettext(
            "来了 {people} 人，一半的人 {days} 天里就走了。",
            "来了 {people} 人，一半的人 {days} 天里就走了。",
            curve.median,
        )
        return half.format(people=people, days=curve.median)
    last = curve.points[-1]
    return _now("来了 {people} 人，满 {days} 天还有 {share} 在。").format(
        people=people, days=last.days, share=formats.percent(last.share)
    )


def _parted_claim(lines: Sequence[Line]) -> str:
    quick, slow = (formats.listed([line.name for line in lines if line.curve.differs == sign]) for sign in (-1, 1))
    if quick and slow:
        return _now("{quick}的人走得更快，{slow}的人留得更久。").format(quick=quick, slow=slow)
    if quick:
        return _now("{quick}的人比别的走得快。").format(quick=quick)
    return _now("{slow}的人比别的留得久。").format(slow=slow) if slow else _now("几组之间看不出谁留得更久。")


def lines_of(question: Question, curves: Sequence[Curve], names: Mapping[int, str], query: str) -> list[Line]:
    """Return the parts as the list shows them; ``query`` is what their people are asked with, empty for whom they are hidden."""
    return [
        Line(
            part_words(question.split, curve.part, names),
            curve,
            _url(query, curve.part, is_gone=True) if curve.gone else "",
            _url(query, curve.part, is_gone=False) if curve.gone < curve.people else "",
            {age: _url(query, curve.part, is_gone=True, within=age) for age in AFTER},
            len(curves) > 1,
        )
        for curve in curves
    ]


def part_words(split: Split, part: str, names: Mapping[int, str]) -> str:
    """Return what a part is called."""
    if split == "community":
        return names.get(int(part), "–")
    return str(WAYS.get(part or "unknown", part)) if split == "how" else _now("全部")


def chart_of(question: Question, lines: Sequence[Line]) -> Chart:
    """Return the curves of the parts with most people."""
    drawn = lines[:MOST_DRAWN]
    longest = max((len(line.curve.points) for line in drawn), default=0)
    is_alone = len(drawn) == 1
    return Chart(
        "survival",
        _now("来了的人，满几天还剩多少？"),
        "line",
        [str(day) for day in range(longest)],
        [
            Series(
                "active" if is_alone else f"part {line.curve.part}",
                line.name if line.is_parted else str(_now("还在")),
                _padded([point.share for point in line.curve.points], longest),
                "percent",
                low=_padded([point.low for point in line.curve.points], longest),
                high=_padded([point.high for point in line.curve.points], longest),
                is_banded=is_alone,
            )
            for line in drawn
        ],
        definition=story.SURVIVAL.counted,
        label_title=_now("满几天"),
    )


def _padded(values: Sequence[float], length: int) -> list[float | None]:
    return [*values, *[None] * (length - len(values))]


def _url(query: str, part: str, *, is_gone: bool, within: int | None = None) -> str:
    if not query:
        return ""
    more: dict[str, str | int] = {"part": part, "gone": int(is_gone)}
    return behind_url("survival", query, **more, **({"within": within} if within is not None else {}))


def _linked(count: int, url: str) -> cells.Cell:
    return format_html('<a href="{}">{}</a>', url, formats.exact(count)) if url else formats.exact(count)


def _after(days: int) -> Callable[[Line], cells.Cell]:
    """Return what draws the share still there after so many days, which leads to those who had gone by then."""

    def draw(line: Line) -> cells.Cell:
        point = line.curve.after(days)
        if point is None:
            return "–"
        share = formats.percent(point.share)
        if point.share < 1 and line.within_urls[days]:
            share = format_html('<a href="{}">{}</a>', line.within_urls[days], share)
        bounds = f"{formats.percent(point.low, 0)} ~ {formats.percent(point.high, 0)}"
        return format_html('{}<div class="faint">{}{}</div>', share, bounds, _now("，小样本") if point.is_small else "")

    return draw


def _share(days: int) -> Callable[[Line], float | None]:
    def read(line: Line) -> float | None:
        point = line.curve.after(days)
        return round(point.share, 4) if point is not None else None

    return read


def _median(line: Line) -> str:
    if line.median is not None:
        return ngettext("{n} 天", "{n} 天", line.median).format(n=line.median)
    return _now("一半以上还在") if line.people >= FEWEST_AT_RISK else "–"


LISTING = Listing(
    key="survival",
    title=_("各组留多久"),
    columns=(
        Column("name", _("谁"), is_fixed=True, space="clipped"),
        Column("people", _("来了"), value="people", show=cells.count, sort="people", align="end"),
        Column(
            "differs",
            _("和别的组比"),
            value=lambda line: str(DIFFERS[line.curve.differs][0]) if line.is_parted else "",
            cell=lambda line: ui.tag(*DIFFERS[line.curve.differs]) if line.is_parted else "–",
        ),
        Column("gone", _("走了"), value="gone", cell=lambda line: _linked(line.gone, line.gone_url), sort="gone", align="end"),
        Column("here", _("还在"), value="here", cell=lambda line: _linked(line.here, line.here_url), sort="here", align="end"),
        *(
            Column(f"after_{days}", title, value=_share(days), cell=_after(days), align="end")
            for days, title in AFTER.items()
        ),
        Column("median", _("一半的人几天里走"), value=lambda line: line.median, cell=_median, align="end"),
    ),
    filters=(),
    default_sort="-people",
    tie_breaker="name",
    key_field="name",
    export_name=_("停留"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(_("没有人来"), _("这段时间没有人第一次进群。换一段时间或换一个社群试试。")),
)  # fmt: skip


def _rows(lines: Sequence[Line]) -> Callable[[Mapping[str, Any]], Source]:
    def rows(values: Mapping[str, Any]) -> Source:
        del values
        return ListSource(list(lines))

    return rows


def _asked(parameters: QueryDict) -> tuple[bool, int | None]:
    if parameters.get("gone") not in {"0", "1"}:
        raise ValueError(parameters.get("gone"))
    within = parameters.get("within")
    days = int(within) if within is not None else None
    if days is not None and days not in AFTER:
        raise ValueError(days)
    return parameters["gone"] == "1", days


def _words(_access: Access, parameters: QueryDict) -> str:
    is_gone, days = _asked(parameters)
    end = ENDS.get(cast("End", parameters.get("end", "")), ENDS["left"])
    if not is_gone:
        return _now("停留：还没有{end}的人").format(end=end)
    if days is None:
        return _now("停留：已经{end}的人").format(end=end)
    return ngettext("停留：满 {n} 天前{end}的人", "停留：满 {n} 天前{end}的人", days).format(n=days, end=end)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    is_gone, days = _asked(parameters)
    question = question_of(ground, parameters)
    return story.members_behind(question, parameters.get("part", ""), is_gone=is_gone, within=days)


declare("survival", Crowd(_words, lambda _parameters: (), _members))
