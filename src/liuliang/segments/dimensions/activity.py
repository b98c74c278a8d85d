"""活跃分层: how lately and how often somebody is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field, model_validator

from liuliang.segments.base import Config
from liuliang.segments.features import NEVER, Features
from liuliang.segments.layering import Dimension, Layer, first_true


class Thresholds(Config):
    """Days and counts that divide the layers."""

    new_days: int = Field(default=7, ge=1, le=90)
    core_days: int = Field(default=8, ge=1, le=30)
    active_days: int = Field(default=14, ge=1, le=180)
    silent_days: int = Field(default=30, ge=2, le=365)
    long_lost_days: int = Field(default=90, ge=3, le=730)

    @model_validator(mode="after")
    def _grows(self) -> Thresholds:
        if not self.active_days < self.silent_days < self.long_lost_days:
            raise ValueError(_("活跃、沉默、长期流失的天数要一个比一个大"))
        return self


class Activity(Dimension[Thresholds]):
    """New, core, active, silent, lost, long lost."""

    key = "activity"
    title = gettext_lazy("活跃分层")
    question = gettext_lazy("谁还在、谁快走了")
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "new_days": gettext_lazy("新成员：来了不到几天"),
        "core_days": gettext_lazy("核心：近 30 天至少几天说话"),
        "active_days": gettext_lazy("活跃：最近几天内有动静"),
        "silent_days": gettext_lazy("沉默：到几天为止，再久算流失"),
        "long_lost_days": gettext_lazy("长期流失：超过几天"),
    }
    layers: ClassVar[Mapping[str, Layer]] = {
        "new": Layer(gettext_lazy("新成员"), gettext_lazy("刚来"), "blue"),
        "core": Layer(gettext_lazy("核心"), gettext_lazy("常常说话"), "green"),
        "active": Layer(gettext_lazy("活跃"), gettext_lazy("最近有动静"), "green"),
        "silent": Layer(gettext_lazy("沉默"), gettext_lazy("有一阵没动静"), "amber"),
        "lost": Layer(gettext_lazy("流失"), gettext_lazy("很久没动静，或已退群"), "red"),
        "long_lost": Layer(gettext_lazy("长期流失"), gettext_lazy("太久没动静"), "grey"),
    }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Put whoever came lately first, then who is gone, then by how long nothing was heard."""
        del norms
        gone = people.is_gone == 1
        heard = people.heard_days_ago
        return first_true(
            [
                (heard > config.long_lost_days),
                gone | (heard > config.silent_days),
                people.known_days < config.new_days,
                people.active_days_30 >= config.core_days,
                heard <= config.active_days,
            ],
            [5, 4, 0, 1, 2],
            3,
        )

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say when the person was last heard, or how often."""
        layer = int(self.assign(person, config, norms)[0])
        heard, known = int(person.heard_days_ago[0]), int(person.known_days[0])
        if layer == 0:
            return _("%(days)s 天前刚来，不到 %(limit)s 天") % {"days": known, "limit": config.new_days}
        if layer == 1:
            days = int(person.active_days_30[0])
            return _("近 30 天有 %(days)s 天说过话，达到 %(limit)s 天") % {"days": days, "limit": config.core_days}
        if heard >= NEVER:
            return _("从来没有动静")
        if layer == 4 and person.is_gone[0]:
            return _("已经退出所有的群，最近一次动静在 %(days)s 天前") % {"days": heard}
        limit = {2: config.active_days, 3: config.silent_days, 4: config.long_lost_days}.get(layer)
        if limit is None:
            return _("最近一次动静在 %(days)s 天前，超过 %(limit)s 天") % {
                "days": heard,
                "limit": config.long_lost_days,
            }
        return _("最近一次动静在 %(days)s 天前，在 %(limit)s 天之内") % {"days": heard, "limit": limit}


DIMENSION = Activity()
