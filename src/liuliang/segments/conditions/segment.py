"""Who is in another segment."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field
from pyroaring import BitMap

from liuliang.segments.base import Condition, Config, Context, Names, ReadySet, Refs, Touched
from liuliang.segments.parameters import Parameters


class In(Config):
    """A segment."""

    segment: int = Field(ge=1)


class SegmentCondition(Condition[In]):
    """Members of another segment."""

    key = "segment"
    title = gettext_lazy("另一个人群")
    group = gettext_lazy("资料")
    icon = "users"
    is_read = True
    config = In

    def compiled(self, config: In, context: Context, parameters: Parameters) -> ReadySet:
        """Return the segment's set."""
        del parameters
        return ReadySet(context.held.get(config.segment, BitMap()))

    def kinds(self, config: In) -> frozenset[str]:
        """Return nothing: the segment's own change is what counts."""
        del config
        return frozenset()

    def touched(self, config: In, touched: Touched) -> BitMap | None:
        """Return everybody: the set is there to be read."""
        del config, touched
        return None

    def refs(self, config: In) -> Refs:
        """Return the segment."""
        return Refs(segments=frozenset({config.segment}))

    def sentence(self, config: In, names: Names) -> str:
        """Say which segment."""
        return _("在人群「%(segment)s」里") % {"segment": names.segment(config.segment)}

    def fact(self, config: In, member: int, context: Context, names: Names) -> str:
        """Say whether the member is in it."""
        name = names.segment(config.segment)
        form = (
            _("在「%(segment)s」里") if member in context.held.get(config.segment, ()) else _("不在「%(segment)s」里")
        )
        return form % {"segment": name}


CONDITION = SegmentCondition()
