"""The words for what rules hold as ids, looked up once each."""

from __future__ import annotations

from functools import cache

from django.utils.translation import gettext as _

from liuliang.people.describing import TITLES
from liuliang.people.models import AttributeDefinition, Community, Tag
from liuliang.segments.base import Names
from liuliang.segments.layering import dimensions
from liuliang.segments.models import Segment


class StoredNames(Names):
    """Names as they are now. Keep one for a request; what was deleted is said to be."""

    def __init__(self) -> None:
        self.tag = cache(self._tag)  # type: ignore[method-assign]
        self.attribute = cache(self._attribute)  # type: ignore[method-assign]
        self.community = cache(self._community)  # type: ignore[method-assign]
        self.segment = cache(self._segment)  # type: ignore[method-assign]

    def _tag(self, tag: int) -> str:
        return Tag.objects.filter(pk=tag).values_list("name", flat=True).first() or _("已删除的标签")

    def _attribute(self, key: str) -> str:
        if key in TITLES:
            return str(TITLES[key])
        return AttributeDefinition.objects.filter(key=key).values_list("title", flat=True).first() or key

    def _community(self, community: int) -> str:
        return Community.objects.filter(pk=community).values_list("name", flat=True).first() or _("已删除的社群")

    def _segment(self, segment: int) -> str:
        return Segment.objects.filter(pk=segment).values_list("name", flat=True).first() or _("已删除的人群")

    def layer(self, dimension: str, layer: str) -> str:
        """Return what a layer is called."""
        known = dimensions().get(dimension)
        return str(known.layers[layer].title) if known and layer in known.layers else layer
