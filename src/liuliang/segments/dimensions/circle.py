"""圈层: how near somebody is, from friends and family to the mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field

from liuliang.segments.base import Config
from liuliang.segments.features import NO_REPLIES, Features
from liuliang.segments.layering import Dimension, Layer, first_true


class Thresholds(Config):
    """How near is near."""

    friends: int = Field(default=3, ge=1, le=1_000)
    reach: int = Field(default=5, ge=1, le=10_000)
    active_days: int = Field(default=3, ge=1, le=30)


class Circle(Dimension[Thresholds]):
    """Friends and family, those who carry news outside, the active, and everybody else."""

    key = "circle"
    title = gettext_lazy("圈层")
    question = gettext_lazy("先跟谁说、再跟谁说")
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "friends": gettext_lazy("亲友圈：近 90 天与至少几个人有来有往"),
        "reach": gettext_lazy("媒体圈：带来的人加近 90 天分享的链接，至少几"),
        "active_days": gettext_lazy("活跃圈：近 30 天至少几天说话"),
    }
    layers: ClassVar[Mapping[str, Layer]] = {
        "friends": Layer(gettext_lazy("亲友圈"), gettext_lazy("与多人有来有往"), "green"),
        "media": Layer(gettext_lazy("媒体圈"), gettext_lazy("把话带到外面"), "blue"),
        "active": Layer(gettext_lazy("活跃圈"), gettext_lazy("常常露面"), "blue"),
        "mass": Layer(gettext_lazy("大众圈"), gettext_lazy("其他人"), "grey"),
    }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Take the nearest circle that fits."""
        del norms
        return first_true(
            [
                people.mutual_90 >= config.friends,
                people.invited + people.links_90 >= config.reach,
                people.active_days_30 >= config.active_days,
            ],
            [0, 1, 2],
            3,
        )

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say the ties, the reach and the presence."""
        del config, norms
        told = _("%(ties)s，带来 %(invited)s 人、分享 %(links)s 次链接，近 30 天有 %(days)s 天说话")
        ties = _("与 %(mutual)s 个人有来有往") % {"mutual": int(person.mutual_90[0])}
        return told % {
            "ties": ties if person.has_replies else NO_REPLIES,
            "invited": int(person.invited[0]),
            "links": int(person.links_90[0]),
            "days": int(person.active_days_30[0]),
        }


DIMENSION = Circle()
