"""Who bought a product, how long ago, and how often: "上次买「挂耳」在 25～40 天前"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.segments.base import Condition, Config, Context, LakeSet, Names, Refs
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.purchases import AMOUNT, BACK, BOUGHT, KINDS, ago_sql
from liuliang.segments.wording import MOST_DAYS, joined, least_above_most, places_words, quoted


class Bought(Config):
    """The product's name as orders tell it, local days since it was last bought, and on how many days at the least."""

    product: str = Field(min_length=1, max_length=300)
    from_days: int = Field(default=0, ge=0, le=MOST_DAYS)
    to_days: int | None = Field(default=None, ge=0, le=MOST_DAYS)
    times: int = Field(default=1, ge=1, le=10_000)
    communities: tuple[int, ...] = Field(default=(), max_length=500)

    @model_validator(mode="after")
    def _runs_forward(self) -> Bought:
        if self.to_days is not None and self.to_days < self.from_days:
            raise least_above_most()
        return self


class ProductCondition(Condition[Bought]):
    """Members by when they last bought a product. Purchases whose money went back as a whole do not count."""

    key = "product"
    title = gettext_lazy("买过某件商品")
    group = gettext_lazy("交易")
    icon = "package"
    permission = ORDERS_VIEW
    config = Bought

    def compiled(self, config: Bought, context: Context, parameters: Parameters) -> LakeSet:
        """Keep, of a member's orders of the product, those that did not go back, and look at the nearest.

        What is gathered does not name the product, so that conditions on many products gather it once.
        """
        place = context.places_sql(config.communities, parameters)
        kinds = ", ".join(f"'{kind}'" for kind in sorted(KINDS))
        where = f"kind IN ({kinds}) AND {place}"
        ago = ago_sql(context, parameters)
        products = "splitByString('、', JSONExtractString(data, 'product'))"
        orders = f"groupArrayIf((JSONExtractInt(data, 'order'), {AMOUNT}, {ago}, {products}), {where} AND {BOUGHT})"
        back = f"sumMapIf(map(JSONExtractInt(data, 'order'), {BACK}), {where})"
        name = parameters.text(config.product)
        kept = (
            "arrayMap(one -> one.3, arrayFilter(one -> one.3 >= 0"
            f" AND arrayExists(each -> trimBoth(each) = {name}, one.4)"
            f" AND NOT (one.2 > 0 AND {back}[one.1] >= one.2), {orders}))"
        )
        last, days = f"arrayMin({kept})", f"toInt64(length(arrayDistinct({kept})))"
        holds = f"notEmpty({kept}) AND {last} >= {parameters.number(config.from_days)}"
        if config.to_days is not None:
            holds += f" AND {last} <= {parameters.number(config.to_days)}"
        if config.times > 1:
            holds += f" AND {days} >= {parameters.number(config.times)}"
        measure = f"if(notEmpty({kept}), [toInt64({last}), {days}], emptyArrayInt64())"
        return LakeSet("events", KINDS, where, measure, holds, reads_data=True)

    def kinds(self, config: Bought) -> frozenset[str]:
        """Return the kinds that say what was bought and what went back."""
        del config
        return KINDS

    def refs(self, config: Bought) -> Refs:
        """Return the places."""
        return Refs(communities=frozenset(config.communities))

    def due_at(self, config: Bought, context: Context) -> datetime | None:
        """Return the next midnight where days count."""
        return context.calendar.next_midnight if config.from_days or config.to_days is not None else None

    def sentence(self, config: Bought, names: Names) -> str:
        """Say what was bought when."""
        name = quoted(config.product)
        if config.to_days is None and not config.from_days:
            when = _("买过%(product)s") % {"product": name}
        elif config.to_days is None:
            when = _("上次买%(product)s在至少 %(days)s 天前") % {"product": name, "days": config.from_days}
        elif not config.from_days:
            when = _("%(days)s 天内买过%(product)s") % {"product": name, "days": config.to_days}
        else:
            told = {"product": name, "first": config.from_days, "last": config.to_days}
            when = _("上次买%(product)s在 %(first)s～%(last)s 天前") % told
        often = ""
        if config.times > 1:
            often = _("至少有 %(times)s 天买过") % {"times": config.times}
        return joined(places_words(config.communities, names), when, often)

    def fact(self, config: Bought, member: int, context: Context, names: Names) -> str:
        """Say when it was last bought, and on how many days."""
        parameters = Parameters()
        found: Any = measured(self.compiled(config, context, parameters), member, context, parameters)
        place = places_words(config.communities, names)
        if not found:
            return joined(place, _("没有买过%(product)s") % {"product": quoted(config.product)})
        told = {"product": quoted(config.product), "days": found[0], "times": found[1]}
        return joined(place, _("上次买%(product)s在 %(days)s 天前，共有 %(times)s 天买过") % told)


CONDITION = ProductCondition()
