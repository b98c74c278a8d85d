"""Who bought, how often, for how much, and when last."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.segments.base import Condition, Config, Context, LakeSet, Names, Refs
from liuliang.segments.evaluating import measured
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import COMPARISONS, OPPOSITES, SIGNS, Compare, Within, joined, places_words

_BOUGHT = "kind IN ('order.paid', 'order.claimed')"
_YUAN = "JSONExtractString(data, 'currency') IN ('', 'CNY')"


class Orders(Config):
    """Orders, what was paid less what went back (CNY minor units), or local days since the last order."""

    measure: Literal["orders", "amount", "days_since"] = "orders"
    compare: Compare = "at_least"
    number: int = Field(default=1, ge=0, le=10**15)
    communities: tuple[int, ...] = Field(default=(), max_length=500)
    within: Within = Within()


class OrdersCondition(Condition[Orders]):
    """Members by what they bought."""

    key = "orders"
    title = gettext_lazy("订单")
    group = gettext_lazy("交易")
    icon = "shopping-cart"
    permission = ORDERS_VIEW
    config = Orders
    choices = {  # noqa: RUF012
        "measure": {
            "orders": gettext_lazy("下单次数"),
            "amount": gettext_lazy("消费金额（元）"),
            "days_since": gettext_lazy("距上次下单的天数"),
        },
        "compare": COMPARISONS,
    }

    def compiled(self, config: Orders, context: Context, parameters: Parameters) -> LakeSet:
        """Add up order events; an order claimed later counts when it is claimed, refunds count against the amount."""
        place = context.places_sql(config.communities, parameters)
        kinds = f"kind IN {parameters.texts(self.kinds(config))}"
        where = f"{kinds} AND {place} AND {config.within.instants_sql(context, parameters)}"
        bought = f"{where} AND {_BOUGHT}"
        number = parameters.number(config.number)
        if config.measure == "days_since":
            # Who never bought has no last order; "at most" and "exactly" hold of buyers only too.
            since = f"dateDiff('day', maxIf({context.calendar.day_sql(parameters)}, {bought}), "
            since = f"{since}maxIf({context.calendar.today_sql(parameters)}, {bought}))"
            holds = f"countIf({bought}) > 0 AND {since} {SIGNS[config.compare]} {number}"
            return LakeSet("events", self.kinds(config), where, f"if(countIf({bought}) > 0, {since}, -1)", holds)
        if config.measure == "orders":
            measure = f"toInt64(countIf({bought}))"
        else:
            paid = "JSONExtractInt(data, 'amount')"
            amount = f"multiIf(kind = 'order.refunded', -{paid}, kind = 'order.claimed', "
            amount = f"{amount}{paid} - JSONExtractInt(data, 'refunded'), {paid})"
            measure = f"sumIf({amount}, {where} AND {_YUAN})"
        is_inverted = config.compare == "at_most" or config.number == 0
        sign = OPPOSITES[config.compare] if is_inverted else SIGNS[config.compare]
        reads_data = config.measure == "amount"
        return LakeSet(
            "events", self.kinds(config), where, measure, f"{measure} {sign} {number}", is_inverted, reads_data
        )

    def kinds(self, config: Orders) -> frozenset[str]:
        """Return the kinds that say what was bought."""
        kinds = {"order.paid", "order.claimed"}
        return frozenset(kinds | {"order.refunded"} if config.measure == "amount" else kinds)

    def refs(self, config: Orders) -> Refs:
        """Return the places."""
        return Refs(communities=frozenset(config.communities))

    def due_at(self, config: Orders, context: Context) -> datetime | None:
        """Return the next midnight where days count."""
        moves = config.within.moves or config.measure == "days_since"
        return context.calendar.next_midnight if moves else None

    def sentence(self, config: Orders, names: Names) -> str:
        """Say what was bought."""
        place = joined(config.within.words(), places_words(config.communities, names))
        amount = _amount(config, config.number)
        if config.number == 0 and config.measure == "orders" and config.compare != "at_least":
            return joined(place, _("没有下过单"))
        form = {
            "orders": _("下单%(compare)s %(amount)s"),
            "amount": _("消费%(compare)s %(amount)s"),
            "days_since": _("距上次下单%(compare)s %(amount)s"),
        }[config.measure]
        return joined(place, form % {"compare": COMPARISONS[config.compare], "amount": amount})

    def fact(self, config: Orders, member: int, context: Context, names: Names) -> str:
        """Say what the member bought."""
        parameters = Parameters()
        found = measured(self.compiled(config, context, parameters), member, context, parameters)
        place = joined(config.within.words(), places_words(config.communities, names))
        if config.measure == "days_since" and (found is None or found < 0):
            return joined(place, _("没有下过单"))
        form = {
            "orders": _("下单 %(amount)s"),
            "amount": _("消费 %(amount)s"),
            "days_since": _("上次下单在 %(amount)s前"),
        }[config.measure]
        return joined(place, form % {"amount": _amount(config, found or 0)})


def _amount(config: Orders, number: Any) -> str:
    if config.measure == "amount":
        return f"¥{Decimal(int(number)) / 100:,.2f}"
    if config.measure == "orders":
        return _("%(count)s 单") % {"count": number}
    return _("%(count)s 天") % {"count": number}


CONDITION = OrdersCondition()
