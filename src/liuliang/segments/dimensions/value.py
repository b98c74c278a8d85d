"""价值分层: RFM, the classic eight of who bought lately, often and much, and who never bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.segments.base import Config
from liuliang.segments.features import Features
from liuliang.segments.layering import Dimension, Layer


class Thresholds(Config):
    """What counts as lately, often and much; 0 takes the median of all buyers."""

    recent_days: int = Field(default=60, ge=0, le=1_000)
    orders: int = Field(default=2, ge=0, le=1_000)
    yuan: int = Field(default=0, ge=0, le=10**9)


class Value(Dimension[Thresholds]):
    """Recency, frequency and monetary value, each high or low."""

    key = "value"
    title = gettext_lazy("价值分层")
    question = gettext_lazy("谁买得最近、最勤、最多")
    permission = ORDERS_VIEW
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "recent_days": gettext_lazy("最近：几天内买过（0 取购买者的中位数）"),
        "orders": gettext_lazy("经常：至少几单（0 取中位数）"),
        "yuan": gettext_lazy("大额：累计至少几元（0 取中位数）"),
    }
    # The place of a layer is 4 for much, 2 for lately and 1 for often, subtracted from seven.
    layers: ClassVar[Mapping[str, Layer]] = {
        "champion": Layer(gettext_lazy("重要价值"), gettext_lazy("最近买、买得勤、花得多"), "green"),
        "develop": Layer(gettext_lazy("重要发展"), gettext_lazy("最近买、花得多，次数少"), "green"),
        "keep": Layer(gettext_lazy("重要保持"), gettext_lazy("买得勤、花得多，最近没买"), "amber"),
        "win_back": Layer(gettext_lazy("重要挽留"), gettext_lazy("花得多，次数少，最近没买"), "red"),
        "regular": Layer(gettext_lazy("一般价值"), gettext_lazy("最近买、买得勤，花得少"), "blue"),
        "newcomer": Layer(gettext_lazy("一般发展"), gettext_lazy("最近买，次数少、花得少"), "blue"),
        "fading": Layer(gettext_lazy("一般保持"), gettext_lazy("买得勤，花得少，最近没买"), "grey"),
        "low": Layer(gettext_lazy("一般挽留"), gettext_lazy("次数少、花得少，最近没买"), "grey"),
        "none": Layer(gettext_lazy("未购买"), gettext_lazy("还没有买过"), "grey"),
    }

    def norms(self, people: Features, config: Thresholds) -> dict[str, int]:
        """Return the bounds: those set, or the medians of buyers."""
        bought = people.orders > 0

        def median(column: NDArray[Any]) -> int:
            return int(np.median(column[bought])) if bought.any() else 0

        return {
            "days": config.recent_days or median(people.bought_days_ago),
            "orders": config.orders or median(people.orders),
            "paid": config.yuan * 100 or median(people.paid),
        }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Put three yes and no together."""
        del config
        recent = people.bought_days_ago <= norms["days"]
        often = people.orders >= norms["orders"]
        much = people.paid >= norms["paid"]
        place = 7 - (4 * much + 2 * recent + often)
        return np.where(people.orders > 0, place, 8).astype(np.int8)

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say when, how often and how much the person bought, and what is held against it."""
        del config
        if not person.orders[0]:
            return _("还没有买过")
        return _(
            "%(days)s 天前买过（界线 %(day_bound)s 天），共 %(orders)s 单（%(order_bound)s 单），¥%(paid)s（¥%(paid_bound)s）"
        ) % {
            "days": int(person.bought_days_ago[0]),
            "day_bound": norms["days"],
            "orders": int(person.orders[0]),
            "order_bound": norms["orders"],
            "paid": f"{int(person.paid[0]) / 100:,.2f}",
            "paid_bound": f"{norms['paid'] / 100:,.2f}",
        }


DIMENSION = Value()
