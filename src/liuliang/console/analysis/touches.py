"""触达次数: how often buyers had met a product, and from how often on meeting it again brings no more of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics import touches as story
from liuliang.analytics.touches import FIRSTS, MOST_WORDS, SHORTEST_WORD, Group, Judgement, Question, Sold, Touches
from liuliang.console import errors
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members, query_of
from liuliang.console.analysis.statements import told
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui.charts import Chart, Series

FOLDER = "console/analysis"
WINDOWS = (7, 14, 30, 60, 90)
"""Days looked back from an order."""

USUAL_WINDOW = 14
PEOPLE = 10_000
"""People a rate is told of."""

JUDGEMENTS: Mapping[Judgement, tuple[str | Promise, str]] = {
    "few": (gettext_lazy("见得太少"), "warn"),
    "enough": (gettext_lazy("够了"), "good"),
    "more": (gettext_lazy("再多没有更多人买"), ""),
    "less": (gettext_lazy("见得太多"), "bad"),
}
"""What a group says, with the tone of its tag."""

_BETWEEN = re.compile(r"[、,，;；\n]+")


@dataclass(frozen=True, slots=True)
class Row:
    """A group as the table shows it; a rate of few people is for reference only."""

    group: Group
    title: str
    url: str
    share: float
    rate: str
    interval: str
    judgement: str | Promise
    tone: str


@page(permission=ORDERS_VIEW)
def touches(request: StaffRequest) -> HttpResponse:
    """Show how often the buyers of the address's product had met it."""
    ground = ground_of(request.access, request.GET, ORDERS_VIEW, path=request.path)
    if ground.choice.known is None and not ground.places:
        return render(request, f"{FOLDER}/empty.html", {"title": _("触达次数")})
    products = story.sold(ground.asked())
    context = {
        "ground": ground,
        "choice": ground.choice,
        "products": products,
        "product": _product(request.GET),
        "words": request.GET.get("words", ""),
        "windows": WINDOWS,
        "window": _window(request.GET),
        "most_words": MOST_WORDS,
    }
    try:
        question = question_of(ground, request.GET, products)
        found = story.touches(question)
    except Refused as refusal:
        return render(request, f"{FOLDER}/touches.html", {**context, "refusal": errors.sentence(refusal)})
    period = ground.choice.period
    query = query_of(request.GET, days=None, **{"from": period.first.isoformat(), "to": period.last.isoformat()})
    rows = _rows(found, query if may_see_members(request.access) else "")
    context |= {
        "found": found,
        "rows": rows,
        "named": question.words,
        "claim": claim_of(found),
        "buyers_chart": _buyers_chart(rows),
        "rates_chart": _rates_chart(rows),
        "definition": story.TOUCHES,
        "rate_definition": story.TOUCH_RATE,
        "sql": told(story.statement_of(question)),
    }
    return render(request, f"{FOLDER}/touches.html", context)


def question_of(ground: Ground, parameters: QueryDict, products: Sequence[Sold]) -> Question:
    """Return the question of the address; without words, the product (or everything that was sold) is named as it is sold.

    Raises:
        Refused: it cannot be counted.
    """
    product = _product(parameters)
    words = [word.strip() for word in _BETWEEN.split(parameters.get("words", "").replace("\0", ""))]
    named = tuple(dict.fromkeys(word for word in words if word))
    if not named:
        names = [product] if product else [each.name for each in products]
        named = tuple(name for name in names if len(name) >= SHORTEST_WORD)[:MOST_WORDS]
    return Question(ground.asked(), product, named, timedelta(days=_window(parameters)))


def range_words(group: Group) -> str:
    """Return how often the people of a group had met it."""
    if group.last is None:
        return _("{first} 次以上").format(first=group.first)
    if group.first == group.last:
        return ngettext("{first} 次", "{first} 次", group.first).format(first=group.first)
    return _("{first}–{last} 次").format(first=group.first, last=group.last)


def claim_of(found: Touches) -> str:
    """Return in a sentence from how often on it is enough."""
    if "enough" in found.judgements:
        return _enough_words(found)
    if not found.buyers:
        return _("这段时间没有在群的人买过它。")
    if found.settled_buyers < story.FEWEST_BUYERS:
        return _("在群满这些天的买家不到 {n} 个，还看不出见几次才够。").format(n=story.FEWEST_BUYERS)
    return _("看不出见几次才够：差别在偶然的范围里，或者忽高忽低。")


def _enough_words(found: Touches) -> str:
    place = found.judgements.index("enough")
    if not found.groups[place].first:
        return _("没见过的人买得并不更少：提得多没有带来更多人买。")
    enough = range_words(found.groups[place])
    if "less" in found.judgements:
        much = range_words(found.groups[found.judgements.index("less")])
        return _("见过 {enough}就够了；到了 {much}，买的反而少。").format(enough=enough, much=much)
    if all(group.is_small for group in found.groups[place + 1 :]):
        return _("见得越多买的越多，直到 {enough}；见得更多的人太少，还看不出到几次为止。").format(enough=enough)
    return _("见过 {enough}就够了：见得更多，买的比例没有再高。").format(enough=enough)


def _product(parameters: QueryDict) -> str:
    return parameters.get("product", "").replace("\0", "")[: story.LONGEST_WORD]


def _window(parameters: QueryDict) -> int:
    asked = parameters.get("window", "")
    return int(asked) if asked in {str(days) for days in WINDOWS} else USUAL_WINDOW


def _rows(found: Touches, query: str) -> list[Row]:
    return [
        Row(
            group,
            range_words(group),
            behind_url("touches", query, at=place) if query and group.buyers else "",
            group.buyers / found.buyers if found.buyers else 0.0,
            _per_myriad(group.rate),
            " ~ ".join(map(_per_myriad, group.interval)) if group.interval else "",
            *JUDGEMENTS.get(judgement, ("", "")),
        )
        for place, (group, judgement) in enumerate(zip(found.groups, found.judgements, strict=True))
    ]


def _per_myriad(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * PEOPLE:,.1f}"


def _buyers_chart(rows: Sequence[Row]) -> Chart:
    return Chart(
        "touches-buyers",
        _("买的人，买之前见过几次？"),
        "bar",
        [row.title for row in rows],
        [Series("orders", _("买的人"), [row.group.buyers for row in rows])],
        definition=story.TOUCHES.counted,
        label_title=_("见过"),
        unit=_("人"),
        height="small",
        links=[row.url for row in rows] if any(row.url for row in rows) else (),
    )


def _rates_chart(rows: Sequence[Row]) -> Chart:
    shown = [None if row.group.is_small else row.group for row in rows]
    intervals = [None if group is None else group.interval for group in shown]
    return Chart(
        "touches-rates",
        _("见过这么多次的人，每万人每天有几个买？"),
        "line",
        [row.title for row in rows],
        [
            Series(
                "active",
                _("每万人每天"),
                [None if group is None or group.rate is None else group.rate * PEOPLE for group in shown],
                "exact",
                low=[None if each is None else each[0] * PEOPLE for each in intervals],
                high=[None if each is None else each[1] * PEOPLE for each in intervals],
                is_banded=True,
            )
        ],
        definition=story.TOUCH_RATE.counted,
        label_title=_("见过"),
        unit=_("人"),
        height="small",
    )


def _words(_access: Access, parameters: QueryDict) -> str:
    place = int(parameters.get("at", ""))
    if not 0 <= place < len(FIRSTS):
        raise ValueError(place)
    last = FIRSTS[place + 1] - 1 if place + 1 < len(FIRSTS) else None
    met = range_words(Group(FIRSTS[place], last))
    product = _product(parameters)
    if product:
        return _("触达次数：买“{product}”之前见过 {met}").format(product=product, met=met)
    return _("触达次数：买之前见过 {met}").format(met=met)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    place = int(parameters.get("at", ""))
    if not 0 <= place < len(FIRSTS):
        return ()
    question = question_of(ground, parameters, story.sold(ground.asked()))
    return story.members_in(question, place)


declare("touches", Crowd(_words, lambda _parameters: (ORDERS_VIEW,), _members))
