"""重叠: who is in several communities, which communities share their people, and whether one takes another's words away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW
from liuliang.analytics import diversion as moving
from liuliang.analytics import overlap as story
from liuliang.analytics.base import SMALL, Statement
from liuliang.analytics.diversion import Diversion, Verdict
from liuliang.analytics.overlap import MANY, Overlap, Pair
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, query_of
from liuliang.console.analysis.statements import told
from liuliang.console.doors import StaffRequest, page
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, cells
from liuliang.ui.templatetags import ui

FOLDER = "console/analysis"
USUAL_DAYS = "90"
MOST_DRAWN = 20
"""Communities in the picture."""

MOSTLY = 0.5
"""From this share of the smaller community on, the two are mostly the same people."""

_OF_LIST = ("after", "before", "export", "prefer", "column", "density", "size")
"""Parameters of the list's moment, which no other address carries on."""

VERDICTS: Mapping[Verdict, tuple[str | Promise, str]] = {
    "taken": (_("抢走了"), "bad"),
    "kept": (_("没有抢"), ""),
    "lifted": (_("带动了"), "good"),
    "": (_("看不出"), ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Two communities in the list; ``both`` is None where they share too few to be told.

    ``by_other`` is what joining the second did to words in the first, ``by_one`` the other way round; ``movers_urls`` are where
    the people are whom each is about.
    """

    key: str
    one: str
    other: str
    pair: Pair | None
    by_other: Diversion | None
    by_one: Diversion | None
    url: str
    movers_urls: tuple[str, str] = ("", "")

    @property
    def both(self) -> int | None:
        """Return the people in both."""
        return self.pair.both if self.pair else None

    @property
    def of_smaller(self) -> float | None:
        """Return them as a share of the smaller."""
        return self.pair.of_smaller if self.pair else None

    @property
    def of_one(self) -> float | None:
        """Return them as a share of the first."""
        return self.pair.of_one if self.pair else None

    @property
    def of_other(self) -> float | None:
        """Return them as a share of the second."""
        return self.pair.of_other if self.pair else None

    @property
    def jaccard(self) -> float | None:
        """Return them as a share of whoever is in either."""
        return self.pair.jaccard if self.pair else None

    @property
    def lost(self) -> float | None:
        """Return the days of 28 that joining the second changed in the first; None where it is not told."""
        return _days(self.by_other)

    @property
    def lost_other(self) -> float | None:
        """Return the same the other way round."""
        return _days(self.by_one)

    @property
    def verdicts(self) -> set[Verdict]:
        """Return what is said of either direction."""
        return {each.verdict for each in (self.by_other, self.by_one) if each is not None and not each.effect.is_small}

    @property
    def advice(self) -> str:
        """Return what one could do."""
        is_mostly_shared = self.pair is not None and self.pair.of_smaller >= MOSTLY
        if "taken" in self.verdicts:
            if is_mostly_shared:
                return _now("人大多重复，又在抢话：合并成一个，或按话题分开")
            return _now("按话题分开，别在两边发一样的内容")
        if is_mostly_shared:
            return _now("人大多重复：合并，或说清各聊什么")
        return _now("互相带动：可以继续互相引") if "lifted" in self.verdicts else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the picture: the share of the row's people who are in the column's community too."""

    text: str
    hint: str
    heat: int
    url: str


@page(permission=ANALYTICS_VIEW)
def overlap(request: StaffRequest) -> HttpResponseBase:
    """Show which communities share their people, and what joining one did to another."""
    parameters = request.GET.copy()
    for name in _OF_LIST:
        parameters.pop(name, None)
    if not {"days", "from", "to"} & parameters.keys():
        parameters["days"] = USUAL_DAYS
    ground = _of_running(ground_of(request.access, parameters, path=request.path))
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": _now("重叠")})
    found = story.overlap(ground.scope)
    asked = ground.asked()
    moved = moving.diversions(asked)
    url_of, movers_of = _urls(ground, parameters), _urls(ground, parameters, moved=1)
    sql, values = story.pairs_statement(ground.scope)
    statement = moving.diversion_statement(asked)
    context = {
        "ground": ground,
        "choice": ground.choice,
        "found": found,
        "claim": claim_of(found, len(ground.scope.communities)),
        "moved_claim": moved_claim_of(moved, ground.names),
        "is_alone": len(ground.scope.communities) < 2,
        "is_cut": found.pairs_in_all > len(found.pairs),
        "most": story.MOST_PAIRS,
        "fewest": story.FEWEST_SHARED,
        "people_chart": _people_chart(found, _counts_urls(ground, parameters)),
        "picture": picture_of(found, ground.names, url_of),
        "definition": story.OVERLAP,
        "moved_definition": moving.DIVERSION,
        "sql": told(Statement(sql, values, "records")),
        "moved_sql": told(statement) if statement else "",
    }
    lines = lines_of(found, moved, ground.names, url_of, movers_of)
    return LISTING.respond(request, _rows(lines), template=f"{FOLDER}/overlap.html", context=context)


def claim_of(found: Overlap, communities: int) -> str:
    """Return in a sentence how many are in more than one community."""
    if not found.people:
        return _now("这些群里现在没有人。")
    if communities < 2:
        return _now("只有一个群，还说不上重叠：有了第二个群，这里就能看到两个群有多少人是同一批。")
    return _now("{share} 的人不止在一个群里：{people} 人里有 {n} 人。").format(
        share=formats.percent(found.share or 0.0), people=f"{found.people:,}", n=f"{found.in_several:,}"
    )


def moved_claim_of(moved: Sequence[Diversion], names: Mapping[int, str]) -> str:
    """Return in a sentence which community took most from another, or why nothing can be said."""
    told_of = [each for each in moved if not each.effect.is_small]
    if not told_of:
        return _now("进了另一个群、又找得到对照的人不到 {n} 个，还看不出哪个群在抢人。").format(n=SMALL)
    taken = [each for each in told_of if each.verdict == "taken"]
    if not taken:
        return _now("人够多、可以比的 {n} 对里，看不出哪个群抢走了别的群的话。").format(n=len(told_of))
    worst = min(taken, key=lambda each: each.effect.difference * each.effect.people)
    return _now("{new} 抢走了 {home} 的话：进了 {new} 的人，28 天里在 {home} 少说了 {days} 天。").format(
        new=names[worst.new], home=names[worst.home], days=f"{-worst.effect.difference:.1f}"
    )


def lines_of(
    found: Overlap,
    moved: Sequence[Diversion],
    names: Mapping[int, str],
    url_of: Callable[[int, int], str],
    movers_of: Callable[[int, int], str],
) -> list[Line]:
    """Return the pairs that share people, and those between which enough people went.

    ``url_of`` gives the address of the people in two communities, ``movers_of`` of those who came from the first to the second.
    """
    pairs = {(pair.one, pair.other): pair for pair in found.pairs}
    went = {(each.home, each.new): each for each in moved}
    keys = dict.fromkeys([*pairs, *((min(key), max(key)) for key in went)])
    return [
        Line(
            f"{one}-{other}", names[one], names[other], pairs.get((one, other)), went.get((one, other)),
            went.get((other, one)), url_of(one, other) if (one, other) in pairs else "",
            (movers_of(one, other), movers_of(other, one)),
        )
        for one, other in keys
    ]  # fmt: skip


def picture_of(
    found: Overlap, names: Mapping[int, str], url_of: Callable[[int, int], str]
) -> list[tuple[str, int, list[Cell | None]]]:
    """Return the rows of the picture (name, people, cells) of the communities that share most; None is a community with itself."""
    drawn = dict[int, None]()
    for pair in found.pairs:
        if len(drawn.keys() | {pair.one, pair.other}) <= MOST_DRAWN:
            drawn |= {pair.one: None, pair.other: None}
    shared = {key: pair.both for pair in found.pairs for key in ((pair.one, pair.other), (pair.other, pair.one))}
    return [
        (
            names[row],
            found.members[row],
            [
                None
                if row == column
                else _cell(
                    shared.get((row, column)), found.members[row], (names[row], names[column]), url_of(row, column)
                )
                for column in drawn
            ],
        )
        for row in drawn
    ]


def _cell(both: int | None, members: int, names: tuple[str, str], url: str) -> Cell:
    row, column = names
    if both is None:
        few = _now("{row} 和 {column} 共有不到 {n} 人").format(row=row, column=column, n=story.FEWEST_SHARED)
        return Cell("·", few, 0, "")
    share = both / members
    hint = ngettext("{row} 的 {share} 也在 {column}：{n} 人", "{row} 的 {share} 也在 {column}：{n} 人", both).format(
        row=row, column=column, share=formats.percent(share), n=f"{both:,}"
    )
    return Cell(formats.percent(share, 0), hint, round(share * 10), url)


def _of_running(ground: Ground) -> Ground:
    """Leave out the groups that are closed: their people stay on record there, and are no reason to merge anything."""
    closed = set(Community.objects.exclude(archived_at=None).values_list("id", flat=True))
    if closed.isdisjoint(ground.scope.communities):
        return ground
    return replace(ground, scope=ground.scope.only(each for each in ground.scope.communities if each not in closed))


def _urls(ground: Ground, parameters: QueryDict, **more: int) -> Callable[[int, int], str]:
    """Return what gives the address of people of two communities, empty where they may not be seen in both."""
    reach = ground.access.community_ids(ANALYTICS_VIEW, MEMBERS_VIEW)
    public = {place.id: place.public_id for place in ground.places}
    query = query_of(parameters, sort=None, q=None, verdict=None)

    def url_of(one: int, other: int) -> str:
        if reach is not None and not {one, other} <= reach:
            return ""
        return behind_url("overlap", query, one=public[one], other=public[other], **more)

    return url_of


def _counts_urls(ground: Ground, parameters: QueryDict) -> list[str]:
    """Return where those in 1, 2, 3 and more communities are listed, where all of them may be seen."""
    reach = ground.access.community_ids(ANALYTICS_VIEW, MEMBERS_VIEW)
    if reach is not None and not reach.issuperset(ground.scope.communities):
        return []
    query = query_of(parameters, sort=None, q=None, verdict=None)
    return [behind_url("overlap", query, places=places) for places in range(1, MANY + 1)]


def _people_chart(found: Overlap, links: Sequence[str]) -> Chart:
    labels = [
        _now("{n} 个以上").format(n=places) if places == MANY else ngettext("{n} 个", "{n} 个", places).format(n=places)
        for places in range(1, MANY + 1)
    ]
    return Chart(
        "overlap-people",
        _now("一个人在几个群里？"),
        "bar",
        labels,
        [Series("members", _now("人"), found.people_in)],
        definition=story.OVERLAP.counted,
        label_title=_now("在几个群里"),
        unit=_now("人"),
        height="small",
        links=links,
    )


def _days(told_of: Diversion | None) -> float | None:
    return None if told_of is None or told_of.effect.is_small else round(told_of.effect.difference, 2)


def _both(line: Line) -> cells.Cell:
    if line.pair is None:
        return _now("不到 {n}").format(n=story.FEWEST_SHARED)
    return format_html('<a href="{}">{}</a>', line.url, f"{line.both:,}") if line.url else f"{line.both:,}"


def _verdict(told_of: Diversion | None, movers_url: str) -> cells.Cell:
    """Draw what joining did, with its numbers, which lead to its people; of few people nothing but that they are few."""
    if told_of is None:
        return "–"
    effect = told_of.effect
    if effect.is_small:
        return format_html('<span class="faint">{}</span>', _now("不到 {n} 人").format(n=SMALL))
    hint = _now(
        "{people} 人（进群 {joined} 人里配得上对照的），对照 {controls} 人：28 天里进群以前说话 {before} 天，以后 {after} 天，不进的话估计 {expected} 天"
    ).format(
        people=f"{effect.people:,}", joined=f"{told_of.joined:,}", controls=f"{told_of.controls:,}",
        before=f"{effect.before:.1f}", after=f"{effect.after:.1f}", expected=f"{effect.expected:.1f}",
    )  # fmt: skip
    numbers = _now("{days} 天（{low} ~ {high}），{people} 人").format(
        days=f"{effect.difference:+.1f}", low=f"{effect.low:+.1f}", high=f"{effect.high:+.1f}",
        people=f"{effect.people:,}",
    )  # fmt: skip
    if movers_url:
        numbers = format_html('<a href="{}">{}</a>', movers_url, numbers)
    return format_html('{} <span class="faint" title="{}">{}</span>', ui.tag(*VERDICTS[told_of.verdict]), hint, numbers)


def _verdict_words(told_of: Diversion | None) -> str:
    if told_of is None:
        return ""
    return _now("不到 {n} 人").format(n=SMALL) if told_of.effect.is_small else str(VERDICTS[told_of.verdict][0])


def _end(told_of: Diversion | None, end: str) -> float | None:
    return None if told_of is None or told_of.effect.is_small else round(getattr(told_of.effect, end), 2)


_HINT = _("进了那个群的人，28 天里在这个群多说或少说了几天，和没进别的群、原来一样活跃的人比；括号里是 95% 区间。")

LISTING = Listing(
    key="overlap",
    title=_("两个群之间"),
    columns=(
        Column("one", _("甲群"), sort="one", is_fixed=True, space="clipped"),
        Column("other", _("乙群"), sort="other", space="clipped"),
        Column("both", _("两边都在"), cell=_both, sort="both", align="end"),
        Column("of_smaller", _("占小群"), show=cells.percent, sort="of_smaller", align="end"),
        Column("of_one", _("占甲"), show=cells.percent, sort="of_one", align="end", is_default=False),
        Column("of_other", _("占乙"), show=cells.percent, sort="of_other", align="end", is_default=False),
        Column("jaccard", _("相似度"), show=cells.percent, sort="jaccard", align="end", is_default=False,
               hint=_("两边都在的人，除以在任意一边的人（Jaccard 指数）")),
        Column("by_other", _("乙抢甲吗"), value=lambda line: _verdict_words(line.by_other),
               cell=lambda line: _verdict(line.by_other, line.movers_urls[0]), sort="lost", hint=_HINT, space="wrapping"),
        Column("by_one", _("甲抢乙吗"), value=lambda line: _verdict_words(line.by_one),
               cell=lambda line: _verdict(line.by_one, line.movers_urls[1]), sort="lost_other", hint=_HINT, space="wrapping"),
        Column("advice", _("可以怎么做"), space="wrapping"),
        Column("lost", _("在甲群差几天"), is_default=False, align="end"),
        Column("lost_low", _("差几天（甲）下限"), value=lambda line: _end(line.by_other, "low"), is_default=False, align="end"),
        Column("lost_high", _("差几天（甲）上限"), value=lambda line: _end(line.by_other, "high"), is_default=False, align="end"),
        Column("lost_people", _("比了几人（甲）"), value=lambda line: _end(line.by_other, "people"), is_default=False, align="end"),
        Column("lost_other", _("在乙群差几天"), is_default=False, align="end"),
        Column("lost_other_low", _("差几天（乙）下限"), value=lambda line: _end(line.by_one, "low"), is_default=False, align="end"),
        Column("lost_other_high", _("差几天（乙）上限"), value=lambda line: _end(line.by_one, "high"), is_default=False, align="end"),
        Column("lost_other_people", _("比了几人（乙）"), value=lambda line: _end(line.by_one, "people"), is_default=False, align="end"),
    ),
    filters=(
        Text("q", _("搜索社群")),
        Choice("verdict", _("抢人"), options=[Option(key, words) for key, (words, _tone) in VERDICTS.items() if key], is_primary=True),
    ),
    default_sort="-both",
    tie_breaker="key",
    key_field="key",
    export_name=_("社群重叠"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(
        _("没有重叠的群"),
        _("两个群里有 5 个以上的人是同一批，或有 30 个人从一个群又进了另一个群，就会列在这里：重复多的可以合并，抢话的按话题分开。"),
    ),
)  # fmt: skip


def _rows(lines: Sequence[Line]) -> Callable[[Mapping[str, Any]], Source]:
    def rows(values: Mapping[str, Any]) -> Source:
        wanted, verdict = str(values.get("q", "")).casefold(), values.get("verdict")
        return ListSource(
            [
                line
                for line in lines
                if (wanted in line.one.casefold() or wanted in line.other.casefold())
                and (verdict is None or verdict in line.verdicts)
            ]
        )

    return rows


def _words(_access: Access, parameters: QueryDict) -> str:
    # Who may open this may not know what the communities are called: what they are is in the question alone.
    if "moved" in parameters:
        return _now("重叠：从一个群又进了另一个群、比过的人")
    if "places" not in parameters:
        return _now("重叠：同时在这两个群里")
    places = int(parameters.get("places", ""))
    if not 1 <= places <= MANY:
        raise ValueError(places)
    return (_now("重叠：在 {n} 个以上的群里") if places == MANY else _now("重叠：在 {n} 个群里")).format(n=places)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    ground = _of_running(ground)
    if "places" in parameters:
        return story.members_in(ground.scope, int(parameters.get("places", "")))
    groups = set(ground.scope.communities)
    known = {place.public_id: place.id for place in ground.places if place.id in groups}
    one, other = (known.get(parameters.get(name, "")) for name in ("one", "other"))
    if one is None or other is None or one == other:
        return ()
    if "moved" in parameters:
        return moving.movers(ground.asked(), one, other)
    return story.members_in_both(ground.scope, one, other)


declare("overlap", Crowd(_words, lambda _parameters: (), _members))
