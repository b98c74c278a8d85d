"""A card on its dashboard: drawn for whoever looks, and put together in a dialog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.console import errors
from liuliang.console.analysis.asking import WINDOWS
from liuliang.console.analysis.words import happening_words
from liuliang.console.dashboards.arranging import WIDTH_WORDS
from liuliang.console.dashboards.drawing import draw, plain_title
from liuliang.console.dashboards.face import faces
from liuliang.console.dashboards.kinds.funnel import form_of
from liuliang.console.dashboards.places import places_of
from liuliang.console.dashboards.standing import Withheld, parameters_of, stand
from liuliang.console.dialogs import INVALID, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.dashboards.arranging import WIDTHS, NewCard, add_card, change_card
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.questions import KINDS, FunnelQuestion, read_question
from liuliang.dashboards.services import LENGTHS, NAME_LIMIT
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access

FOLLOWS, ALL = "follows", "all"


@page(permission=ANALYTICS_VIEW)
def card(request: StaffRequest, card: Card) -> HttpResponse:
    """Draw a card for whoever looks."""
    standing = stand(request.access, card, parameters_of(request.access, card.dashboard, request.GET))
    context: dict[str, object] = {"card": card, "title": plain_title(card)}
    if isinstance(standing, Withheld):
        return render(request, "console/dashboards/card.html", {**context, "withheld": standing.reason})
    place = standing.place if not card.follows else ""
    context |= {"place": place, "part": standing.part, "days": standing.ground.choice.span if card.days else ""}
    if standing.ground.choice.known is None:
        return render(request, "console/dashboards/card.html", {**context, "withheld": _now("这些社群还没有数据。")})
    try:
        drawn = draw(standing)
    except Refused as refusal:
        return render(request, "console/dashboards/card.html", {**context, "withheld": errors.sentence(refusal)})
    context |= {"title": card.title or drawn.title, "drawn": drawn, **drawn.context}
    return render(request, "console/dashboards/card.html", context)


class CardForm(forms.Form):
    """What a card of one kind asks, of whom and of when, and how wide it is."""

    def __init__(self, kind: str, access: Access, posted: QueryDict | None, card: Card | None = None) -> None:
        super().__init__(posted)
        self.kind, self.face = kind, faces()[kind]
        self.question_fields = self.face.fields(access, card)
        self.fields.update(self.question_fields)
        self.fields["title"] = forms.CharField(
            label=_("标题"), max_length=NAME_LIMIT, required=False, help_text=_("不填就用它自己的名字")
        )
        places, self.known = places_of(access)
        if self.face.has_places:
            self.fields["where"] = forms.ChoiceField(
                label=_("看哪些社群"), required=False,
                choices=[(FOLLOWS, _("跟着看板")), (ALL, _("各人能看的全部社群")), *places],
            )  # fmt: skip
        if self.face.has_days:
            self.fields["days"] = forms.TypedChoiceField(
                label=_("看多久"), required=False, coerce=int, empty_value=None,
                choices=[("", _("跟着看板")), *((n, _now("近 {n} 天").format(n=n)) for n in LENGTHS)],
            )  # fmt: skip
        self.fields["width"] = forms.TypedChoiceField(
            label=_("宽度"), coerce=int, choices=[(width, WIDTH_WORDS[width]) for width in WIDTHS]
        )
        self.initial = _initial(kind, card)

    def told(self, kept: Mapping[str, Any]) -> NewCard:
        """Return the card that the form means; ``kept`` is what of its question the form does not ask for."""
        given = self.cleaned_data
        question = {**kept, **{name: given[name] for name in self.question_fields if given.get(name)}}
        question = self.face.settled(question)
        where = given.get("where") or FOLLOWS
        return NewCard(
            self.kind, question, given["title"], given["width"], where == FOLLOWS, self.known.get(where), given.get("days"),
        )  # fmt: skip


def _initial(kind: str, card: Card | None) -> dict[str, Any]:
    if card is None:
        return {"width": KINDS[kind].width, "where": FOLLOWS}
    where = FOLLOWS if card.follows else card.community.public_id if card.community is not None else ALL
    return {**card.question, "title": card.title, "width": card.width, "where": where, "days": card.days}


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def new_card(request: StaffRequest, own_dashboard: Dashboard) -> HttpResponse:
    """Put a card on a dashboard."""
    kind = request.GET.get("kind", "metric")
    kind = kind if kind in KINDS else "metric"
    form = CardForm(kind, request.access, request.POST if request.method == "POST" else None)
    url = reverse("console:new-card", args=[own_dashboard.public_id])
    if request.method == "POST" and done(form, lambda _given: add_card(own_dashboard, form.told({}), at=clock.now())):
        return back(request, _board_url(own_dashboard), _now("卡片加好了，在最后面。"))
    tabs = [(each.title, f"{url}?kind={each.key}", each.key == kind) for each in KINDS.values()]
    context = {
        "form": form, "title": _now("加卡片"), "button": _now("加上"), "url": f"{url}?kind={kind}", "tabs": tabs,
        "kind": kind, "hint": form.face.hint,
    }  # fmt: skip
    return render(request, "console/dashboards/card_dialog.html", context, status=INVALID if form.errors else 200)


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def edit_card(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Change a card."""
    if own_card.kind not in KINDS:
        raise Refused("card.kind")
    form = CardForm(own_card.kind, request.access, request.POST if request.method == "POST" else None, own_card)
    kept = {name: value for name, value in own_card.question.items() if name not in form.question_fields}
    if request.method == "POST" and done(form, lambda _given: change_card(own_card, form.told(kept), at=clock.now())):
        return back(request, f"{_board_url(own_card.dashboard)}?arrange=1", _now("已保存。"))
    context = {
        "form": form, "title": _now("改卡片"), "button": _now("保存"), "url": request.path, "kind": own_card.kind,
        "said": _said(own_card), "page_url": _page_url(own_card), "hint": form.face.hint,
    }  # fmt: skip
    return render(request, "console/dashboards/card_dialog.html", context, status=INVALID if form.errors else 200)


def _board_url(dashboard: Dashboard) -> str:
    return reverse("console:dashboard", args=[dashboard.public_id])


def _funnel_of(card: Card) -> FunnelQuestion | None:
    if card.kind != "funnel":
        return None
    question = read_question(card.kind, card.question)
    return question if isinstance(question, FunnelQuestion) else None


def _said(card: Card) -> str:
    """Return the steps of a funnel in words: they are changed on their own page."""
    question = _funnel_of(card)
    if question is None:
        return ""
    form = form_of(question, "")
    steps = " → ".join(happening_words(line.happening) for line in form.lines)
    return _now("{steps}，{window}以内").format(steps=steps, window=WINDOWS[form.window][0])


def _page_url(card: Card) -> str:
    question = _funnel_of(card)
    return "" if question is None else f"{reverse('console:funnel')}?{form_of(question, '').query}"
