"""角色: how somebody takes part in the talk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray
from pydantic import Field

from liuliang.segments.base import Config
from liuliang.segments.features import NO_REPLIES, Features
from liuliang.segments.layering import Dimension, Layer, first_true


class Thresholds(Config):
    """What makes each role, over the last 90 days."""

    kol_answerers: int = Field(default=8, ge=1, le=10_000)
    thinker_characters: int = Field(default=40, ge=5, le=5_000)
    asker_share: int = Field(default=40, ge=1, le=100)
    talker_messages: int = Field(default=30, ge=1, le=100_000)
    few: int = Field(default=3, ge=1, le=1_000)


class Role(Dimension[Thresholds]):
    """Opinion leaders, thinkers, askers, talkers, and those who watch."""

    key = "role"
    title = gettext_lazy("角色")
    question = gettext_lazy("谁带话题、谁在听")
    config = Thresholds
    titles: ClassVar[Mapping[str, str | Promise]] = {
        "kol_answerers": gettext_lazy("意见领袖：至少几个人回复过"),
        "thinker_characters": gettext_lazy("思考者：平均每条至少几个字"),
        "asker_share": gettext_lazy("求助者：提问至少占百分之几"),
        "talker_messages": gettext_lazy("畅谈者：至少几条发言"),
        "few": gettext_lazy("少于几条发言算围观"),
    }
    layers: ClassVar[Mapping[str, Layer]] = {
        "kol": Layer(gettext_lazy("意见领袖"), gettext_lazy("说话有很多人接"), "green"),
        "thinker": Layer(gettext_lazy("思考者"), gettext_lazy("写得长"), "blue"),
        "asker": Layer(gettext_lazy("求助者"), gettext_lazy("多半在问"), "blue"),
        "talker": Layer(gettext_lazy("畅谈者"), gettext_lazy("说得多"), "blue"),
        "participant": Layer(gettext_lazy("参与者"), gettext_lazy("说一点"), "grey"),
        "watcher": Layer(gettext_lazy("围观者"), gettext_lazy("几乎不说话"), "grey"),
    }

    def assign(self, people: Features, config: Thresholds, norms: Mapping[str, int]) -> NDArray[Any]:
        """Take the first role that fits."""
        del norms
        said = np.maximum(people.messages_90, 1)
        return first_true(
            [
                people.messages_90 < config.few,
                people.answerers_90 >= config.kol_answerers,
                people.characters_90 >= config.thinker_characters * said,
                people.questions_90 * 100 >= config.asker_share * said,
                people.messages_90 >= config.talker_messages,
            ],
            [5, 0, 1, 2, 3],
            4,
        )

    def reason(self, person: Features, config: Thresholds, norms: Mapping[str, int]) -> str:
        """Say how much the person spoke, asked and was answered."""
        del config, norms
        messages = int(person.messages_90[0])
        if not messages:
            return _("近 90 天没有说过话")
        answerers = _("%(answerers)s 个人回复过") % {"answerers": int(person.answerers_90[0])}
        return _("近 90 天发言 %(messages)s 条，平均 %(length)s 字，提问占 %(share)s%%，%(answerers)s") % {
            "messages": messages,
            "length": round(int(person.characters_90[0]) / messages),
            "share": round(100 * int(person.questions_90[0]) / messages),
            "answerers": answerers if person.has_replies else NO_REPLIES,
        }


DIMENSION = Role()
