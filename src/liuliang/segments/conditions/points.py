"""Who has so many points, or earned, spent or lost so many."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.accounts.permissions import POINTS_VIEW
from liuliang.loyalty.accounts import POINTS
from liuliang.loyalty.queries import balance_of
from liuliang.segments.base import Compiled, Condition, Config, Context, LakeSet, Names, Refs, TableSet
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import COMPARISONS, OPPOSITES, SIGNS, Compare, Within, joined

MEASURES = {
    "balance": gettext_lazy("手里的积分"),
    "earned": gettext_lazy("获得的积分"),
    "spent": gettext_lazy("使用的积分"),
    "expired": gettext_lazy("过期的积分"),
}
_MOVES = ("earned", "spent", "refunded", "expired", "deducted", "reversed", "debt_paid")


class Points(Config):
    """Points a person has now, what is reserved included, or what was earned, spent or expired in a window.

    Spending counts less what came back. The window says nothing of what somebody has now.
    """

    measure: Literal["balance", "earned", "spent", "expired"] = "balance"
    compare: Compare = "at_least"
    number: int = Field(default=100, ge=0, le=10**15)
    within: Within = Within()


class PointsCondition(Condition[Points]):
    """Members by their points."""

    key = "points"
    title = gettext_lazy("积分")
    group = gettext_lazy("激励")
    icon = "coin"
    permission = POINTS_VIEW
    config = Points
    choices = {"measure": MEASURES, "compare": COMPARISONS}  # noqa: RUF012

    def compiled(self, config: Points, context: Context, parameters: Parameters) -> Compiled:
        """Ask the purses of all of somebody's records for what they have, the log for what moved."""
        is_inverted = config.compare == "at_most" or config.number == 0
        sign = OPPOSITES[config.compare] if is_inverted else SIGNS[config.compare]
        if config.measure == "balance":
            person = "coalesce(m.canonical_id, m.id)"
            select = (
                f"SELECT {person} FROM loyalty_account a JOIN people_member m ON m.id = a.member_id"
                f" WHERE a.unit = %(unit)s AND a.kind = 'member' {{among}}"
                f" GROUP BY 1 HAVING sum(a.balance) {sign} %(number)s"
            )
            return TableSet(select, person, {"unit": POINTS, "number": config.number}, is_inverted)
        kinds = self.kinds(config)
        where = f"kind IN {parameters.texts(kinds)} AND {config.within.instants_sql(context, parameters)}"
        amount = "if(kind = 'points.refunded', -value, value)" if config.measure == "spent" else "value"
        measure = f"sumIf({amount}, {where})"
        holds = f"{measure} {sign} {parameters.number(config.number)}"
        # A purse is of no community, and what is spent from it mostly happens in none.
        return LakeSet("events", kinds, where, measure, holds, is_inverted, is_anywhere=True)

    def kinds(self, config: Points) -> frozenset[str]:
        """Return the kinds that move what is looked at."""
        moves = {"balance": _MOVES, "spent": ("spent", "refunded")}.get(config.measure, (config.measure,))
        return frozenset(f"points.{each}" for each in moves)

    def refs(self, config: Points) -> Refs:
        """Name nothing that could go away."""
        del config
        return Refs()

    def due_at(self, config: Points, context: Context) -> datetime | None:
        """Return the next midnight where the window moves."""
        return context.calendar.next_midnight if config.measure != "balance" and config.within.moves else None

    def sentence(self, config: Points, names: Names) -> str:
        """Say what, and how many."""
        del names
        form = {
            "balance": _("手里有%(compare)s %(count)s 积分"),
            "earned": _("获得%(compare)s %(count)s 积分"),
            "spent": _("使用%(compare)s %(count)s 积分"),
            "expired": _("过期%(compare)s %(count)s 积分"),
        }[config.measure]
        within = "" if config.measure == "balance" else config.within.words()
        return joined(within, form % {"compare": COMPARISONS[config.compare], "count": f"{config.number:,}"})

    def fact(self, config: Points, member: int, context: Context, names: Names) -> str:
        """Say how many the member has or moved."""
        del names
        if config.measure == "balance":
            held = balance_of(member)
            return _("手里有 %(count)s 积分") % {"count": f"{held.available + held.held:,}"}
        parameters = Parameters()
        compiled = self.compiled(config, context, parameters)
        assert isinstance(compiled, LakeSet)  # noqa: S101 - what moved is in the log
        form = {
            "earned": _("获得 %(count)s 积分"),
            "spent": _("使用 %(count)s 积分"),
            "expired": _("过期 %(count)s 积分"),
        }[config.measure]
        found = measured(compiled, member, context, parameters) or 0
        return joined(config.within.words(), form % {"count": f"{int(found):,}"})


CONDITION = PointsCondition()
