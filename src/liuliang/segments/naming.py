"""The words for what rules hold as ids, looked up once each."""

from __future__ import annotations

from django.utils.translation import gettext as _

from liuliang.people.describing import TITLES
from liuliang.people.models import AttributeDefinition, Community, Tag
from liuliang.segments.base import Names
from liuliang.segments.layering import dimensions
from liuliang.segments.models import Segment


class StoredNames(Names):
    """Names as they are now. Keep one for a request; what was deleted is said to be."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, object], str] = {}

    def tag(self, tag: int) -> str:
        """Return a tag's name."""
        return self._name(Tag, tag, _("已删除的标签"))

    def attribute(self, key: str) -> str:
        """Return what people call an attribute."""
        if key in TITLES:
            return str(TITLES[key])
        if ("attribute", key) not in self._told:
            titles = AttributeDefinition.objects.filter(key=key).values_list("title", flat=True)
            self._told["attribute", key] = titles.first() or key
        return self._told["attribute", key]

    def community(self, community: int) -> str:
        """Return a community's name."""
        return self._name(Community, community, _("已删除的社群"))

    def segment(self, segment: int) -> str:
        """Return a segment's name."""
        return self._name(Segment, segment, _("已删除的人群"))

    def _name(self, model: type[Tag | Community | Segment], number: int, gone: str) -> str:
        kept = (model.__name__, number)
        if kept not in self._told:
            self._told[kept] = model.objects.filter(pk=number).values_list("name", flat=True).first() or gone
        return self._told[kept]

    def layer(self, dimension: str, layer: str) -> str:
        """Return what a layer is called."""
        known = dimensions().get(dimension)
        return str(known.layers[layer].title) if known and layer in known.layers else layer
