"""People who did something."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import ACTS
from liuliang.analytics.base import Side
from liuliang.analytics.counting import Counted, by_day, doers
from liuliang.analytics.definitions import Definition
from liuliang.analytics.measures import PEOPLE

METRIC = Counted(
    definition=Definition(
        "active",
        _("活跃的人"),
        _(
            "每一格（天、周、月或整个期间）里至少做过一件事的人，一个人只算一次。做事指自己在群里说话、撤回消息、下单（订单记在群里的）；"
            "被邀请、被点名、被打标签不算。机器人不算。"
        ),
        _("人"),
    ),
    stage="activity",
    tell=by_day(ACTS, PEOPLE),
    who=((Side("active", _("做过事的人"), "value"), doers(ACTS)),),
)
