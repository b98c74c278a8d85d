"""How long a question waits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.answering import median_wait
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
)
