"""Who is at a level, above it or below."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.accounts.permissions import POINTS_VIEW
from liuliang.loyalty.models import Level, MemberLevel
from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import day_words

COMPARISONS = {
    "at_least": gettext_lazy("这一级或更高"),
    "exactly": gettext_lazy("正好这一级"),
    "at_most": gettext_lazy("这一级或更低"),
}


class AtLevel(Config):
    """A level of the ladder by its key, and whether those above or below it are meant too."""

    level: str = Field(min_length=1, max_length=40)
    compare: Literal["at_least", "exactly", "at_most"] = "at_least"


class LevelCondition(Condition[AtLevel]):
    """Members by their level. Who never reached one stands at the level that asks for nothing, if there is one."""

    key = "level"
    title = gettext_lazy("等级")
    group = gettext_lazy("激励")
    icon = "stairs-up"
    permission = POINTS_VIEW
    config = AtLevel
    choices = {"compare": COMPARISONS}  # noqa: RUF012

    def compiled(self, config: AtLevel, context: Context, parameters: Parameters) -> TableSet:
        """Ask who stands where; of the lowest level everybody who does not stand above it."""
        del context, parameters
        held = {"at_least": ">=", "exactly": "=", "at_most": "<="}[config.compare]
        others = {"at_least": "<", "exactly": "<>", "at_most": ">"}[config.compare]
        # Who has no level stands below all, so where the lowest will do those are named for whom the opposite holds.
        threshold = Level.objects.filter(key=config.level).values_list("threshold", flat=True).first()
        is_inverted = threshold == 0 or (threshold is not None and config.compare == "at_most")
        select = (
            "SELECT s.member_id FROM loyalty_memberlevel s JOIN loyalty_level l ON l.id = s.level_id"
            f" WHERE l.threshold {others if is_inverted else held} %(threshold)s {{among}}"
        )
        if threshold is None:
            # It was taken off the ladder, which no level that somebody is on can be.
            select = "SELECT s.member_id FROM loyalty_memberlevel s WHERE false {among}"
        return TableSet(select, "s.member_id", {"threshold": threshold}, is_inverted)

    def kinds(self, config: AtLevel) -> frozenset[str]:
        """Return the kinds that move people between levels."""
        del config
        return frozenset({"level.reached", "level.lost"})

    def refs(self, config: AtLevel) -> Refs:
        """Name nothing: a level that was taken off the ladder is nobody's."""
        del config
        return Refs()

    def due_at(self, config: AtLevel, context: Context) -> datetime | None:
        """Return nothing: time alone moves nobody."""
        del config, context
        return None

    def sentence(self, config: AtLevel, names: Names) -> str:
        """Say which level."""
        del names
        name = Level.objects.filter(key=config.level).values_list("name", flat=True).first()
        told = name or _("已删除的等级")
        form = {
            "at_least": _("等级在「%(level)s」或以上"),
            "exactly": _("等级是「%(level)s」"),
            "at_most": _("等级在「%(level)s」或以下"),
        }[config.compare]
        return form % {"level": told}

    def fact(self, config: AtLevel, member: int, context: Context, names: Names) -> str:
        """Say the member's level, and since when."""
        del config, names
        row = MemberLevel.objects.select_related("level").filter(member=member).first()
        if row is None:
            return _("还没有升过级")
        return _("%(day)s 起是「%(level)s」") % {"day": day_words(row.since, context), "level": row.level.name}


CONDITION = LevelCondition()
