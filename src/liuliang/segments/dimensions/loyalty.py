"""忠诚度: the five levels from buying for the price to staying for the brand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.segments.base import Config
from liuliang.segments.features import Features
from liuliang.segments.layering import Dimension, Layer, first_true


class Thresholds(Config):
    """What each level asks for; a level also asks for what the one below does."""

    habit_orders: int = Field(default=2, ge=1, le=1_000)
    satisfied_messages: int = Field(default=5, ge=1, le=10_000)
    invested_days: int = Field(default=4, ge=1, le=30)
    loyal_orders: int = Field(default=4, ge=1, le=1_000)
    loyal_days: int = Field(default=180, ge=1, le=3_650)


class Loyalty(Dimension[Thresholds]):
    """Buyers by what ties them; who never bought has no level."""

    key = "loyalty"
    title = gettext_lazy("忠诚度")
    question = gettext_lazy("买过的人为什么还在")
    permission = ORDERS_VIEW
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "habit_orders": gettext_lazy("习惯型：至少几单"),
        "satisfied_messages": gettext_lazy("满意型：近 90 天至少几条发言"),
        "invested_days": gettext_lazy("情感型：近 30 天至少几天说话"),
        "loyal_orders": gettext_lazy("忠诚型：至少几单"),
        "loyal_days": gettext_lazy("忠诚型：来了至少几天"),
    }
    layers: ClassVar[Mapping[str, Layer]] = {
        "loyal": Layer(gettext_lazy("忠诚型"), gettext_lazy("买得多、来得久、常在群里，也带人来"), "green"),
        "invested": Layer(gettext_lazy("情感型"), gettext_lazy("复购，常常在群里说话，或带过人来"), "green"),
        "satisfied": Layer(gettext_lazy("满意型"), gettext_lazy("复购，也愿意在群里说话"), "blue"),
        "habitual": Layer(gettext_lazy("习惯型"), gettext_lazy("复购，很少说话"), "blue"),
        "price_driven": Layer(gettext_lazy("价格型"), gettext_lazy("只为划算来买过，没有复购"), "grey"),
    }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Climb from the price upwards."""
        del norms
        habitual = people.orders >= config.habit_orders
        satisfied = habitual & (people.messages_90 >= config.satisfied_messages)
        invested = satisfied & ((people.active_days_30 >= config.invested_days) | (people.invited > 0))
        loyal = invested & (people.orders >= config.loyal_orders) & (people.known_days >= config.loyal_days)
        return first_true([people.orders < 1, loyal, invested, satisfied, habitual], [-1, 0, 1, 2, 3], 4)

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say what was bought, said and brought."""
        del config, norms
        if not person.orders[0]:
            return _("还没有买过，不分忠诚度")
        return _(
            "%(orders)s 单，近 90 天发言 %(messages)s 条，近 30 天有 %(active)s 天说话，带来 %(invited)s 人，来了 %(days)s 天"
        ) % {
            "orders": int(person.orders[0]),
            "messages": int(person.messages_90[0]),
            "active": int(person.active_days_30[0]),
            "invited": int(person.invited[0]),
            "days": int(person.known_days[0]),
        }


DIMENSION = Loyalty()
