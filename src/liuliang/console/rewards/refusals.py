"""What refusals about points, levels and limited things say."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import POINTS_VIEW
from liuliang.console import errors, history
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.penalties import LADDER
from liuliang.people.access import Access


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
            "adjustment.amount": _("调整的积分不能是 {amount}，请填不为 0 的整数，一次最多 {highest}。"),
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
            "validity.number": _("有效期 {number} 不合适：天数和月数填 1 到 36,500，年数最多 1,000。"),
            "validity.past": _("有效期 {day} 已经过去了，请换一个以后的日子。"),
            "level.key": _("等级的代号不能为空，也不能重复。"),
            "level.thresholds": _("等级的门槛要从低到高、互不相同，不能是负数。"),
            "level.highest": _("一个等级最多要 {most} 成长值，请检查是不是多打了几个零。"),
            "level.keep": _("等级越高，保级的要求不能越低，也不能是负数。"),
            "level.name": _("每个等级都要有名称。"),
            "level.none": _("至少要有一个等级。"),
            "level.number": _("“{name}”的成长值要填 0 以上的整数。"),
            "level.in_use": _("还有成员在“{name}”这一级，不能删掉它。"),
            "level.needed": _("“{name}”还用在商品的会员价里，先删掉那些优惠价，再删这一级。"),
            "season.title": _("赛季要有名字，而且不能和以前的一样。"),
            "season.day": _("{day} 还没有过完，请选一个已经过去的日子。"),
            "season.nothing": _("那天之前得到的积分已经没有剩下的，不用清零。"),
            "budget.key": _("预算要有名字，最多 {longest} 个字，只能用文字、数字和连字符。"),
            "budget.amount": _("请填放进或取出多少分，不能是 0。"),
            "badge.name": _("勋章要有名称，而且在同一个地方不能重名。"),
            "badge.icon": _("请选一个图案。"),
            "badge.rule": _("规则要写清楚至少多少，填 1 以上的整数。"),
            "badge.everywhere": _("积分和成长值不分社群，这样的勋章只能给全部社群；或者改成“做了多少次”。"),
            "badge.inactive": _("“{name}”已经不再颁发了。"),
            "badge.held": _("这位成员已经有“{name}”了。"),
            "badge.reason": _("请写明为什么颁发，会写在荣誉墙和证书上。"),
            "badge.gone": _("这枚勋章已经收回了。"),
            "penalty.step": _("没有“{step}”这种处罚。"),
            "penalty.reason": _("请写明为什么处罚，成员会看到。"),
            "penalty.until": _("禁言要填多少天。"),
            "penalty.approval": _(
                "一次扣超过 {limit:,} 分要另一位同事审批：请在成员的积分页点“发放或扣除”来扣，批准以后才会扣掉。"
            ),
            "penalty.unknown": _("找不到这次处罚。"),
            "penalty.appeal": _("请写下成员怎么说。"),
            "penalty.answer": _("请写一句给成员的答复。"),
            "penalty.decided": _("这次处罚已经申诉过或处理过了。"),
            "penalty.own": _("自己给的处罚，要由另一位同事来复核。"),
            "stock.not_enough": _("剩下的不够了，还有 {free}。"),
            "ledger.floor": _("账户里不够 {amount}，什么都没有改变。"),
            "ledger.ceiling": _("再加 {amount} 就超过这个账户的上限了。"),
            "ledger.amount": _("数量要填大于 0 的整数，也不要过大。"),
            "ledger.same_account": _("转出和转入不能是同一个账户。"),
            "ledger.unit": _("两个账户记的不是同一样东西，不能互转。"),
            "ledger.corrected": _("这笔账已经退过一些了，最多只能把剩下的退回。"),
            "ledger.unknown_account": _("找不到这个账户。"),
            "ledger.unknown_transfer": _("找不到这笔账。"),
            "hold.posted": _("预留的已经用掉了，不能再放回去。"),
            "hold.voided": _("预留的已经放回去了，请重新来一次。"),
            "hold.timed_out": _("预留的时间过了，已经放回去了，请重新来一次。"),
            "hold.late": _("预留的时间过了，请重新来一次。"),
            "hold.unknown": _("找不到这笔预留，请刷新页面看看现在是怎样的。"),
            "idempotency.key": _("请求的幂等键为空或太长，最多 {longest} 个字符。"),
            "idempotency.body": _("同一个幂等键已经用在另一个请求上了，请换一个。"),
        }
    )
    history.name_fields(
        {
            "worth_money": _("值多少（分）"), "worth_points": _("多少积分"), "set_aside": _("预备金额（分）"),
            "approval_from": _("审批线"), "amount": _("数量"), "unit": _("奖励"), "behaviour": _("行为"),
            "community_id": _("社群编号"), "conditions": _("条件"), "low": _("最少"), "high": _("最多"), "per": _("每满（分）"),
            "cap_day": _("每天上限"), "cap_week": _("每周上限"), "cap_total": _("总上限"), "starts_at": _("开始"),
            "ends_at": _("结束"), "budget": _("预算"), "validity": _("有效期"), "undo_hours": _("反悔时限（小时）"),
            "is_forgiving": _("不记欠额"), "cutoff": _("截止"), "purses": _("账户"), "points": _("积分"), "reason": _("理由"),
            "levels": _("等级"), "badge": _("勋章"), "icon": _("图案"), "rule": _("规则"), "step": _("处罚"), "until": _("到"),
            "state": _("状态"), "appeal": _("申诉"), "answer": _("答复"),
        }
    )  # fmt: skip
    history.name_values("step", LADDER)
    history.name_values("state", {"standing": _("有效"), "appealed": _("申诉中"), "lifted": _("已撤销")})
    history.name_values("unit", {"points": _("积分"), "growth": _("成长值")})
    history.targets("loyalty.earningrule")(_rules)


def _rules(access: Access, ids: Collection[str]) -> Mapping[str, history.Target]:
    may_open = access.may(POINTS_VIEW)
    titles = EarningRule.objects.filter(pk__in=[int(one) for one in ids if one.isdecimal()]).values_list("pk", "title")
    return {
        str(pk): history.Target(title, reverse("console:earning-rule", args=[pk]) if may_open else "")
        for pk, title in titles
    }
