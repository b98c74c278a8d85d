"""Who is in a layer: new, core, lost, a fan of some type, and so on."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field
from pyroaring import BitMap

from liuliang.segments.base import Condition, Config, Context, Names, ReadySet, Refs
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import listed


class In(Config):
    """Layers of one dimension; any of them."""

    dimension: str = Field(min_length=1, max_length=40)
    layers: tuple[str, ...] = Field(min_length=1, max_length=30)


class LayerCondition(Condition[In]):
    """Members by their layer, as last worked out or corrected by hand."""

    key = "layer"
    title = gettext_lazy("分层")
    group = gettext_lazy("资料")
    icon = "stairs"
    is_read = True
    config = In

    def compiled(self, config: In, context: Context, parameters: Parameters) -> ReadySet:
        """Join the layers' sets."""
        del parameters
        sets = (context.held.get((config.dimension, layer), BitMap()) for layer in config.layers)
        return ReadySet(BitMap.union(BitMap(), *sets))

    def kinds(self, config: In) -> frozenset[str]:
        """Return the kind that tells of moves."""
        del config
        return frozenset({"layer.moved"})

    def refs(self, config: In) -> Refs:
        """Return the layers."""
        return Refs(layers=frozenset((config.dimension, layer) for layer in config.layers))

    def sentence(self, config: In, names: Names) -> str:
        """Say which layers."""
        what = listed([names.layer(config.dimension, layer) for layer in config.layers])
        return _("分层是%(layers)s") % {"layers": what}

    def fact(self, config: In, member: int, context: Context, names: Names) -> str:
        """Say which layer it is."""
        for (dimension, layer), members in context.layers(config.dimension):
            if member in members:
                return _("分层是「%(layer)s」") % {"layer": names.layer(dimension, layer)}
        return _("还没有分层")


CONDITION = LayerCondition()
