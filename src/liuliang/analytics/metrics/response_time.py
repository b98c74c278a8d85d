"""How long a question waits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.answering import askers, median_wait
from liuliang.analytics.base import Side
from liuliang.analytics.conversation import RESPONSE
from liuliang.analytics.counting import Counted
from liuliang.analytics.definitions import Definition

METRIC = Counted(
    definition=Definition("response_time", _("响应时间"), RESPONSE.counted, good="down"),
    stage="service",
    style="duration",
    dimensions=("community", "type"),
    tell=median_wait,
    result="median",
    who=(
        (Side("answered", _("等到了回答的人")), askers(answered=True)),
        (Side("waiting", _("有提问没人答的人")), askers(answered=False)),
    ),
)
