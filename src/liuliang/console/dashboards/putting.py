"""放进看板: what somebody looks at on a page of analysis becomes a card."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.console.dashboards.face import Face, faces
from liuliang.console.dashboards.places import places_of
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.dashboards.arranging import NewCard, add_card
from liuliang.dashboards.queries import changeable
from liuliang.dashboards.services import NAME_LIMIT, create_dashboard
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access

NEW = "new"
LONGEST = 8_000
"""Characters of a question in the form."""


class PutForm(forms.Form):
    """On which dashboard a card goes, and whether it keeps the communities and the period it was found with."""

    board = forms.ChoiceField(label=_("放到哪个看板"))
    name = forms.CharField(
        label=_("新看板的名称"), max_length=NAME_LIMIT, required=False, help_text=_("选了“新建一个看板”才用")
    )
    title = forms.CharField(label=_("标题"), max_length=NAME_LIMIT, required=False, help_text=_("不填就用它自己的名字"))
    keeps_place = forms.BooleanField(label=_("一直看这里选的社群，不跟着看板"), required=False)
    keeps_days = forms.BooleanField(label=_("一直看这么多天，不跟着看板"), required=False)
    told = forms.CharField(widget=forms.HiddenInput, max_length=LONGEST)

    def __init__(self, *args: object, access: Access, face: Face | None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if face is not None and not face.has_places:
            del self.fields["keeps_place"]
        if face is not None and not face.has_days:
            del self.fields["keeps_days"]
        self.boards = {row.public_id: row for row in changeable(access).order_by("-changed_at", "-id")[:200]}
        self.fields["board"].choices = [  # type: ignore[attr-defined]
            *((key, row.name) for key, row in self.boards.items()),
            (NEW, _("新建一个看板")),
        ]


@page(permission=ANALYTICS_VIEW, methods=("GET", "POST"))
def put(request: StaffRequest) -> HttpResponse:
    """Make a card of the page of analysis from which this is asked."""
    posted = request.POST if request.method == "POST" else None
    if posted is None:
        told = json.dumps(_told(request.access, request.htmx.current_url or ""), ensure_ascii=False)
    else:
        told = posted.get("told", "")
    form = PutForm(posted, access=request.access, face=_face_of(told), initial={"told": told})
    reached: list[str] = []

    @transaction.atomic
    def keep(given: Any) -> None:
        card = _card(request.access, given)
        board = form.boards.get(given["board"])
        if board is None:
            name = given["name"] or _now("我的看板")
            board = create_dashboard(name, owner=request.user, community=None, at=clock.now())
        add_card(board, card, at=clock.now())
        reached.append(reverse("console:dashboard", args=[board.public_id]))

    if request.method == "POST" and done(form, keep):
        return back(request, reached[0], _now("已放进看板，在最后面。"))
    return dialog(request, form, _now("放进看板"), _now("放进去"))


def _told(access: Access, url: str) -> dict[str, Any]:
    """Return the kind, the question, the communities and the days that the address of a page of analysis holds.

    Raises:
        Refused: ``card.page`` for any other page.
    """
    parts = urlsplit(url)
    parameters = QueryDict(parts.query[:LONGEST])
    try:
        match = resolve(parts.path)
    except Resolver404 as error:
        raise Refused("card.page") from error
    face = next((each for each in faces() if each.page and each.page == match.url_name), None)
    if face is None or face.read is None:
        raise Refused("card.page")
    question = face.read(access, match.kwargs, parameters)
    if parameters.get("segment"):
        question["segment"] = parameters["segment"]
    # A period chosen by its days is not one that a card can keep.
    days = parameters.get("days", "" if "from" in parameters else str(face.usual_days))
    places, charge = parameters.getlist("community"), parameters.get("charge", "")
    return {"kind": face.key, "question": question, "places": places, "charge": charge, "days": days}


def _face_of(told: str) -> Face | None:
    """Return the kind of card that a question is for, if it can be read."""
    try:
        return faces().get(str(json.loads(told[:LONGEST])["kind"]))
    except (ValueError, TypeError, KeyError):
        return None


def _card(access: Access, given: Any) -> NewCard:
    try:
        told = json.loads(given["told"])
        kind, question, places, days = told["kind"], told["question"], told["places"], str(told["days"])
    except (ValueError, TypeError, KeyError) as error:
        raise Refused("card.page") from error
    if not isinstance(question, dict) or not isinstance(places, list):
        raise Refused("card.page")
    community = None
    if given.get("keeps_place") and told.get("charge"):
        raise Refused("card.in_charge")
    if given.get("keeps_place") and places:
        if len(places) > 1:
            raise Refused("card.many_places", n=len(places))
        community = places_of(access)[1].get(str(places[0]))
        if community is None:
            raise Refused("card.place")
    kept = (int(days) if days.isdecimal() and len(days) < 4 else 0) if given.get("keeps_days") else None
    face = _face_of(given["told"])
    width = face.put_width if face is not None else None
    return NewCard(str(kind), question, given["title"], width, not given.get("keeps_place"), community, kept)
