"""What refusals about alerts and mail say, and how the audit log calls what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.alerting.queries import visible
from liuliang.alerting.rules import DIRECTIONS, KINDS
from liuliang.analytics.base import metrics
from liuliang.console import errors, history
from liuliang.console.alerts.words import SHORT_SENSITIVITIES, alert_url
from liuliang.console.history import Target
from liuliang.people.access import Access


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "metric": _("指标"),
            "is_each": _("每个群各看各的"),
            "told": _("通知谁"),
            "steps": _("怎么办"),
            "duties": _("谁负责"),
            "muted_until": _("静音到"),
            "alert_kind": _("什么时候响"),
            "alert_threshold": _("阈值"),
            "alert_direction": _("方向"),
            "alert_sensitivity": _("灵敏度"),
            "alert_weeks": _("和近几周比"),
        }
    )
    history.name_values("alert_kind", {str(key): words for key, words in KINDS.items()})
    history.name_values("alert_direction", {str(key): words for key, words in DIRECTIONS.items()})
    history.name_values("alert_sensitivity", dict(SHORT_SENSITIVITIES))
    history.name_values("metric", {each.key: each.definition.title for each in metrics()})
    errors.declare(
        {
            "alert.name": _("给预警起个名字，最多 80 个字。"),
            "alert.metric": _("没有这个指标了，请换一个。"),
            "alert.weeks": _("请从列出的周数里选一个。"),
            "alert.level": _(
                "“{metric}”是往回看很多天的数，一天和一天之间几乎不动，没法和“平常的这一天”比。请给它定一个数。"
            ),
            "alert.threshold": _("阈值要填一个数。"),
            "alert.never_below": _("“{metric}”不会小于零，这个条件永远不会响。请填一个大于零的数。"),
            "alert.never_above": _("“{metric}”不会超过 100%，这个条件永远不会响。请填一个小于 100 的数。"),
            "alert.each": _("“{metric}”不能按群分开看。"),
            "alert.text": _("步骤和分工各最多 {most} 个字。"),
            "alert.nobody": _("至少选一个人来通知，最多 {most} 个。"),
            "alert.blind": _("{names} 看不到这个社群的这个指标，不能通知他们。请先给他们权限。"),
            "alert.hidden": _("你看不到“{place}”的“{metric}”，不能给它设预警。"),
            "alert.mute": _("静音要到将来的某一天为止。"),
            "alert.taken": _("{name} 已经接手了，不用再接。"),
            "mail.not_set": _("还没有设邮件服务器：请管理员按页面上的说明设好环境变量，再重启。"),
            "mail.no_sender": _("没有设寄件人：LIULIANG_MAIL_FROM 要是一个邮箱地址。"),
            "mail.security": _("LIULIANG_SMTP_SECURITY 只能是 starttls、tls 或 none。"),
            "mail.clear_password": _("不加密的连接上不能发密码：请把 LIULIANG_SMTP_SECURITY 改成 starttls 或 tls。"),
            "mail.refused": _("邮件服务器没有收下：{said}"),
        }
    )


@history.targets("alerting.alert")
def alerts(access: Access, ids: Collection[str]) -> Mapping[str, Target]:
    """Name the alerts of entries, where they may be seen."""
    if not access.may(ANALYTICS_VIEW):
        return {}
    numbers = [int(each) for each in ids if each.isdecimal()]
    return {str(each.pk): Target(each.name, alert_url(each)) for each in visible(access).filter(pk__in=numbers)}
