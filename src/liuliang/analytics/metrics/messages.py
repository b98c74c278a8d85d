"""Messages sent."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import MESSAGES
from liuliang.analytics.traffic import MESSAGES as DEFINITION

METRIC = Counted(
    definition=DEFINITION,
    stage="activity",
    tell=by_day(["message.sent"], MESSAGES),
    who=((Side("spoke", _("说话的人")), doers(["message.sent"])),),
)
