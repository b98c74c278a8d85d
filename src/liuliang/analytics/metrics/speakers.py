"""People who spoke."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.measures import PEOPLE
from liuliang.analytics.traffic import SPEAKERS

METRIC = Counted(
    definition=SPEAKERS,
    stage="activity",
    tell=by_day(["message.sent"], PEOPLE),
    who=((Side("spoke", _("说话的人"), "value"), doers(["message.sent"])),),
)
