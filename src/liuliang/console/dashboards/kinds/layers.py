"""The card of layers: how many members stand in each layer of one dimension now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.analysis.statements import of_records, told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.console.segments.layers import offered_to, shares_of
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import LayersQuestion
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.segments.layering import dimensions
from liuliang.segments.models import LayerSet
from liuliang.segments.standing import last_layering
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series


def draw(standing: Standing, question: LayersQuestion) -> Drawn:
    """Draw the layers of a dimension in their order.

    Raises:
        Refused: ``card.layers_hidden`` for who may not see all members: a layer tells of all communities.
    """
    dimension = dimensions()[question.dimension]
    if dimension not in offered_to(standing.ground.access):
        raise Refused("card.layers_hidden")
    layering = last_layering()
    shares = shares_of(dimension) if layering is not None else []
    people = sum(share.size for share in shares)
    chart = Chart(
        f"layers-{dimension.key}",
        dimension.question,
        "ranking",
        [share.title for share in shares],
        [Series("members", _("人数"), [share.size for share in shares])],
        label_title=_("层"),
        unit=_("人"),
        links=[share.url for share in shares],
    )
    note = _("还没有算出谁在哪一层，导入数据以后每小时算一次。")
    if layering is not None:
        note = _("{n} 人，{when}算的；按所有社群算，不随看板选的社群和日子变。点一条，看那一层是谁。").format(
            n=formats.exact(people), when=formats.ago(layering.at)
        )
    return Drawn(
        _("{dimension}：每一层有多少人？").format(dimension=dimension.title),
        _meanings(dimension.layers),
        f"{reverse('console:layers')}?by={dimension.key}",
        sqls=[told(of_records(LayerSet.objects.filter(dimension=dimension.key).values("layer", "size")))],
        chart=chart if shares else None,
        note=note,
        unit=_("人"),
        lines=[Line(share.title, share.size) for share in shares],
    )


def _meanings(layers: Mapping[str, Any]) -> str:
    words = _("；").join(f"{layer.title}：{layer.meaning}" for layer in layers.values())
    return _("每人在一个维度里只在一层，每小时重算，手动改的也算在内。{layers}").format(layers=words)


def _needs(question: LayersQuestion) -> tuple[str, ...]:
    return tuple(filter(None, (MEMBERS_VIEW, dimensions()[question.dimension].permission)))


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    known = [(each.key, each.title) for each in offered_to(access)]
    return {"dimension": forms.ChoiceField(label=_("怎么分"), choices=known, initial="activity")}


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    by = parameters.get("by", "")
    return {"dimension": by} if dimensions().get(by) is not None else {}


FACE = Face(
    "layers", draw, _needs, _fields, hint=gettext_lazy("每个人的层按他在所有社群里的表现算，只看一部分社群的人看不到。"),
    has_places=False, page="layers", read=_read,
)  # fmt: skip
