"""What refusals about points, levels and limited things say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors


def install() -> None:
    """Declare the sentences."""
    errors.declare(
        {
            "points.amount": _("积分要填大于 0 的整数，而不是 {amount}。"),
            "points.not_enough": _("积分不够：可用 {available}，需要 {amount}。"),
            "points.over_refunded": _("退回的积分比花掉的多，最多还能退 {left}。"),
            "points.unknown_reward": _("找不到这笔奖励，它可能已经撤回。"),
            "points.unknown_spending": _("找不到这笔积分支出，无法退回。"),
            "growth.unknown_reward": _("找不到这笔成长值，它可能已经撤回。"),
            "member.unknown": _("没有这位成员，或已经合并、删除。"),
            "adjustment.amount": _("调整的积分不能是 {amount}，请填不为 0 的整数，也不要过大。"),
            "adjustment.reason": _("请写明为什么调整，成员和同事都会看到。"),
            "adjustment.own": _("自己提出的调整要由别人审批。"),
            "adjustment.decided": _("这条调整已经处理过了。"),
            "adjustment.unknown": _("找不到这条调整申请。"),
            "programme.numbers": _("积分的价值和审批线要填合理的整数，分母至少是 1。"),
            "rule.title": _("请给规则起个名字。"),
            "rule.unit": _("没有“{unit}”这种奖励单位。"),
            "rule.behaviour": _("没有“{behaviour}”这种行为可以奖励。"),
            "rule.budget": _("找不到预算“{budget}”，请先建好预算。"),
            "rule.undo": _("这种行为撤销不了，不能选撤销时收回。"),
            "rule.loop": _("“{kind}”本身就是发奖励，再奖励它会没完没了。"),
            "rule.amount": _("奖励的数量要在 1 到 {highest} 之间，最少的不能大于最多的。"),
            "rule.per": _("按金额发放时要选一项数值，并且每份的数量固定。"),
            "rule.cap": _("上限要填 1 以上的整数，不限就留空。"),
            "rule.time": _("结束时间要晚于开始时间。"),
            "rule.condition": _("关于“{field}”的条件没有填好。"),
            "validity.unknown": _("没有这种有效期。"),
            "validity.number": _("有效期 {number} 不合适，请填 1 到 36,500 之间的整数。"),
            "validity.past": _("有效期 {day} 已经过去了，请换一个以后的日子。"),
            "level.key": _("等级的代号不能为空，也不能重复。"),
            "level.thresholds": _("等级的门槛要从低到高、互不相同，不能是负数。"),
            "level.keep": _("等级越高，保级的要求不能越低，也不能是负数。"),
            "level.in_use": _("还有成员在“{name}”这一级，不能删掉它。"),
            "stock.not_enough": _("剩下的不够了，还有 {free}。"),
            "ledger.unknown_account": _("找不到这个账户。"),
            "ledger.unknown_transfer": _("找不到这笔账。"),
            "idempotency.key": _("请求的幂等键为空或太长，最多 {longest} 个字符。"),
            "idempotency.body": _("同一个幂等键已经用在另一个请求上了，请换一个。"),
        }
    )
