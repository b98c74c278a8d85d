"""Who has done nothing for a while: "30 天没说过话"."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.segments.base import Condition, Config, Context, LakeSet, Names, Refs
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import MOST_DAYS, joined, listed, places_words


class Silence(Config):
    """Days without any of these events; ``including_never`` takes those along who never did any of it."""

    kinds: tuple[str, ...] = Field(default=("message.sent",), min_length=1, max_length=20)
    days: int = Field(default=30, ge=1, le=MOST_DAYS)
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    including_never: bool = True


class SilenceCondition(Condition[Silence]):
    """Members of whom nothing of a sort was heard for so many local days, today included."""

    key = "silence"
    title = gettext_lazy("一段时间没有动静")
    group = gettext_lazy("行为")
    icon = "moon"
    config = Silence

    def compiled(self, config: Silence, context: Context, parameters: Parameters) -> LakeSet:
        """Look for anything in the last days; who has something is not silent."""
        today = context.calendar.today_sql(parameters)
        place = context.places_sql(config.communities, parameters)
        where = f"kind IN {parameters.texts(config.kinds)} AND {place} AND day <= {today}"
        recently = f"{where} AND day > {today} - {config.days}"
        if config.including_never:
            return LakeSet(
                "member_day",
                frozenset(config.kinds),
                recently,
                f"maxIf(day, {where})",
                f"countIf({recently}) > 0",
                is_inverted=True,
            )
        holds = f"countIf({where}) > 0 AND countIf({recently}) = 0"
        return LakeSet("member_day", frozenset(config.kinds), where, f"maxIf(day, {where})", holds)

    def kinds(self, config: Silence) -> frozenset[str]:
        """Return the kinds that break the silence."""
        return frozenset(config.kinds)

    def refs(self, config: Silence) -> Refs:
        """Return kinds and places."""
        return Refs(kinds=self.kinds(config), communities=frozenset(config.communities))

    def due_at(self, config: Silence, context: Context) -> datetime | None:
        """Return the next midnight: silence grows with the days."""
        del config
        return context.calendar.next_midnight

    def sentence(self, config: Silence, names: Names) -> str:
        """Say what was not heard for how long."""
        what = listed([names.kind(kind) for kind in config.kinds])
        place = places_words(config.communities, names)
        silent = joined(place, _("近 %(days)s 天没有%(what)s") % {"days": config.days, "what": what})
        return silent if config.including_never else silent + _("（以前有过）")

    def fact(self, config: Silence, member: int, context: Context, names: Names) -> str:
        """Say when it was last heard."""
        parameters = Parameters()
        ever = config.model_copy(update={"including_never": False})
        last = measured(self.compiled(ever, context, parameters), member, context, parameters)
        what = listed([names.kind(kind) for kind in config.kinds])
        # The lake answers the first day there is where there are no rows.
        if last is None or last.year == 1970:
            return joined(places_words(config.communities, names), _("从来没有%(what)s") % {"what": what})
        place = places_words(config.communities, names)
        return joined(place, _("最近一次%(what)s在 %(day)s") % {"what": what, "day": last})


CONDITION = SilenceCondition()
