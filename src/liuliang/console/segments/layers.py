"""分层: who is in which layer, how that changed, the rules with a preview, and corrections by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_EDIT, MEMBERS_VIEW, SEGMENTS_EDIT
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.leading import back
from liuliang.console.members.listing import member_url
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.segments.base import Config
from liuliang.segments.layering import Dimension, dimensions
from liuliang.segments.models import LayerSize
from liuliang.segments.standing import (
    Preview,
    Standing,
    change_rules,
    correct_layer,
    current,
    last_layering,
    newcomers,
    preview_rules,
    rules_of,
    standings,
    take_back_correction,
)
from liuliang.ui.charts import Chart, Series

DAYS = 60


@finds("dimension")
def find_dimension(access: Access, permission: str, value: str) -> Dimension[Any] | None:
    """Find a way of layering; everybody knows them."""
    del access, permission
    return dimensions().get(value)


@dataclass(frozen=True, slots=True)
class Share:
    """A layer as it is drawn: its key, name and meaning, how many, its bar in thousandths, and where its people are."""

    key: str
    title: str
    meaning: str
    size: int
    width: int
    url: str


@dataclass(frozen=True, slots=True)
class Move:
    """Members whom new thresholds would move from one layer to another, and where they are listed."""

    before: str
    after: str
    size: int
    url: str


@page(permission=MEMBERS_VIEW)
def layers(request: StaffRequest) -> HttpResponse:
    """Show how members spread over the layers of each dimension."""
    offered = offered_to(request.access)
    layering = last_layering()
    by_key = {dimension.key: dimension for dimension in offered}
    chosen = by_key.get(request.GET.get("by", "activity")) or next(iter(offered), None)
    context = {
        "layering": layering,
        "elsewhere": layering.people - layering.here - layering.gone if layering is not None else 0,
        "waiting": newcomers(layering),
        "dimensions": offered,
        "chosen": chosen,
        "shares": shares_of(chosen) if chosen else [],
        "history": _history(chosen) if chosen else None,
        "may_change": request.access.may_everywhere(SEGMENTS_EDIT),
    }
    return render(request, "console/segments/layers.html", context)


@page(permission=SEGMENTS_EDIT, methods=("GET", "POST"))
def rules(request: StaffRequest, dimension: Dimension[Any]) -> HttpResponse:
    """Show the thresholds of a dimension with what they would move, and set them."""
    if not request.access.may_everywhere(SEGMENTS_EDIT):
        raise Refused("layer.for_everybody")
    at = clock.now()
    posted = request.POST if request.method == "POST" else None
    form = ThresholdsForm(dimension, posted)
    preview: Preview | None = None
    if posted is not None and form.is_valid() and form.config is not None:
        if "save" in posted:
            change_rules(dimension, form.config, at=at)
            return back(request, _address(dimension), _("规则已更新，分层已经按它重新算过。"))
        preview = preview_rules(dimension, form.config, at=at)
    context = {
        "dimension": dimension,
        "form": form,
        "preview": preview,
        "compared": _compared(dimension, preview) if preview else [],
        "moves": _moves(dimension, form.config, preview, may_list=request.access.may(ANALYTICS_VIEW))
        if preview and form.config
        else [],
    }
    return render(request, "console/segments/layer_rules.html", context)


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def correct(request: StaffRequest, member: Member, dimension: Dimension[Any]) -> HttpResponse:
    """Put a member into a layer by hand, or take that back."""
    if dimension not in offered_to(request.access):
        raise Refused("layer.for_everybody")
    form = CorrectionForm(dimension, request.POST or None)
    if request.method == "POST" and form.is_valid():
        layer = form.cleaned_data["layer"]
        if layer:
            correct_layer(member.pk, dimension, layer, reason=form.cleaned_data["reason"], at=clock.now())
        else:
            take_back_correction(member.pk, dimension, at=clock.now())
        return back(request, member_url(member), _("分层已更新。"))
    context = {"form": form, "member": member, "dimension": dimension}
    return render(request, "console/segments/correct_dialog.html", context, status=422 if form.errors else 200)


def offered_to(access: Access) -> list[Dimension[Any]]:
    """Return the dimensions somebody may see: layers tell of all communities, so only who may see everywhere sees them."""
    if not access.may_everywhere(MEMBERS_VIEW):
        return []
    return [one for one in dimensions() if not one.permission or access.may_everywhere(one.permission)]


def standings_of(access: Access, member: Member) -> list[Standing]:
    """Return a member's layers for their page; none before layers were first worked out."""
    offered = {dimension.key for dimension in offered_to(access)}
    if not offered:
        return []
    return [one for one in standings(member.pk, at=clock.now()) if one.dimension.key in offered]


class ThresholdsForm(forms.Form):
    """The thresholds of a dimension, as its configuration declares them."""

    def __init__(self, dimension: Dimension[Any], posted: QueryDict | None) -> None:
        super().__init__(posted)
        self.dimension = dimension
        self.config: Config | None = None
        held = rules_of(dimension).model_dump()
        for name in dimension.config.model_fields:
            self.fields[name] = forms.IntegerField(
                label=dimension.titles.get(name, name), initial=held[name], min_value=0
            )

    def clean(self) -> dict[str, Any]:
        """Let the configuration itself say whether these go together."""
        told = super().clean() or {}
        try:
            self.config = self.dimension.config.model_validate(told)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                field = str(each["loc"][0]) if each["loc"] else None
                if field is None:
                    self.add_error(None, str(each["msg"]).removeprefix("Value error, "))
                elif field in told:
                    self.add_error(field, _("超出了可以填的范围。"))
        return told


class CorrectionForm(forms.Form):
    """A layer for a member, and why."""

    layer = forms.ChoiceField(required=False)
    reason = forms.CharField(required=False, max_length=300)

    def __init__(self, dimension: Dimension[Any], posted: QueryDict | None) -> None:
        super().__init__(posted)
        choices = [("", _("按规则来")), *((key, layer.title) for key, layer in dimension.layers.items())]
        self.fields["layer"].choices = choices  # type: ignore[attr-defined]
        self.fields["layer"].label = _("应该在")
        self.fields["reason"].label = _("理由")


def _address(dimension: Dimension[Any]) -> str:
    return f"{reverse('console:layers')}?by={dimension.key}"


def shares_of(dimension: Dimension[Any]) -> list[Share]:
    """Return the layers of a dimension as they are drawn, with how many stand in each now."""
    sets = current(dimension)
    most = max((len(members) for members in sets.values()), default=0) or 1
    return [
        Share(
            key,
            str(layer.title),
            str(layer.meaning),
            len(sets[key]),
            round(1000 * len(sets[key]) / most),
            behind_url("layer", "", dimension=dimension.key, layer=key),
        )
        for key, layer in dimension.layers.items()
    ]


def _history(dimension: Dimension[Any]) -> Chart | None:
    rows = LayerSize.objects.filter(dimension=dimension.key).order_by("day").values_list("day", "layer", "size")
    days = sorted({day for day, _layer, _size in rows})[-DAYS:]
    if len(days) < 2:
        return None
    sizes = {(day, layer): size for day, layer, size in rows}
    return Chart(
        "layers",
        _("每一层多了还是少了？"),
        "stacked",
        [day.isoformat() for day in days],
        [Series(key, layer.title, [sizes.get((day, key)) for day in days]) for key, layer in dimension.layers.items()],
        definition=_("每天最后一次算出的每一层人数，手动改的也算在内。"),
        label_title=_("日期"),
        unit=_("人"),
    )


def _compared(dimension: Dimension[Any], preview: Preview) -> list[tuple[str, int, int, int]]:
    return [
        (str(layer.title), preview.before[key], preview.after[key], preview.after[key] - preview.before[key])
        for key, layer in dimension.layers.items()
    ]


def _moves(dimension: Dimension[Any], config: Config, preview: Preview, *, may_list: bool) -> list[Move]:
    moves = sorted(preview.moves.items(), key=lambda move: -len(move[1]))
    # The thresholds are not kept yet: the address holds them, and whoever opens it asks the same again.
    told = config.model_dump(mode="json")
    return [
        Move(
            str(dimension.layers[before].title),
            str(dimension.layers[after].title),
            len(members),
            behind_url("layer-move", urlencode(told), dimension=dimension.key, before=before, after=after)
            if may_list
            else "",
        )
        for (before, after), members in moves
    ]


def _named(parameters: QueryDict) -> tuple[Dimension[Any], str]:
    dimension = dimensions().get(parameters.get("dimension", ""))
    layer = parameters.get("layer", "")
    if dimension is None or layer not in dimension.layers:
        raise ValueError(layer)
    return dimension, layer


def _words(_access: Access, parameters: QueryDict) -> str:
    dimension, layer = _named(parameters)
    return f"{dimension.title} · {dimension.layers[layer].title}"


def _behind(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    dimension, layer = _named(parameters)
    if dimension not in offered_to(ground.access):
        return ()
    return tuple(current(dimension)[layer])


def _moved(parameters: QueryDict) -> tuple[Dimension[Any], str, str, Config]:
    dimension = dimensions().get(parameters.get("dimension", ""))
    before, after = parameters.get("before", ""), parameters.get("after", "")
    if dimension is None or not {before, after} <= dimension.layers.keys():
        raise ValueError(before)
    told = {name: parameters[name] for name in dimension.config.model_fields if name in parameters}
    return dimension, before, after, dimension.config.model_validate(told)


def _move_words(_access: Access, parameters: QueryDict) -> str:
    dimension, before, after, _config = _moved(parameters)
    titles = dimension.layers[before].title, dimension.layers[after].title
    return _("{dimension}按没保存的新规则：{before} → {after}").format(
        dimension=dimension.title, before=titles[0], after=titles[1]
    )


def _movers(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    dimension, before, after, config = _moved(parameters)
    if dimension not in offered_to(ground.access) or not ground.access.may_everywhere(SEGMENTS_EDIT):
        return ()
    return tuple(preview_rules(dimension, config, at=clock.now()).moves.get((before, after), ()))


declare("layer", Crowd(_words, lambda _parameters: (), _behind))
declare("layer-move", Crowd(_move_words, lambda _parameters: (), _movers))
