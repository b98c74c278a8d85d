"""What refusals of analysis say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"amount": _("金额")})
    errors.declare(
        {
            "analysis.elsewhere": _("选的社群或负责人不在了，或者没有分给你看。请重新选一个。"),
            "analysis.segment": _("选的人群已经删除，或者没有分给你看。请重新选一个。"),
            "retention.too_many_cohorts": _("这段时间有 {found} 行，最多 {most} 行。请缩短时间，或按更长的单位看。"),
            "funnel.steps": _("漏斗要有 {fewest} 到 {most} 步，现在是 {found} 步。"),
            "funnel.alike": _(
                "用到同一种动静的步骤，合起来最多 {most} 步，现在有 {found} 步。去掉几步，或换成别的动静。"
            ),
            "funnel.window": _("窗口要大于零，最长 {days} 天。"),
            "paths.window": _("窗口要大于零，最长 {days} 天。"),
            "touches.window": _("窗口要大于零，最长 {days} 天。"),
            "touches.words": _("一次最多找 {most} 个叫法，每个 {shortest} 到 {longest} 个字：一个字的叫法到处都是。"),
            "happening.unknown": _("没有“{kind}”这种事，它可能已经被去掉了。请换一种。"),
            "happening.property": _("“{kind}”没有“{property}”这个条件，或者不能这样比。请重新选条件。"),
            "cost.amount": _("金额要大于零，最多一千亿元。"),
            "cost.days": _("结束那天不能早于开始那天，一笔花费最长 {most} 天。"),
            "happening.number": _("“{text}”不是能比较的数字。请改成数字。"),
        }
    )
