"""What refusals about payments say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors


def install() -> None:
    """Declare the sentences."""
    errors.declare(
        {
            "secret.sealed": _(
                "读不出保存的密钥：数据库是从别处搬来的，或者 LIULIANG_SECRET_KEY 换过。请重新填写密钥并保存。"
            ),
            "payment.adapter": _("没有这种收款方式。"),
            "payment.account": _("{adapter}还没有设置或没有启用，请到“设置 → 收款”里看。"),
            "payment.config": _("这几项没有填，或者太长：{words}。"),
            "payment.keys": _("密钥不对，没有保存。{words}"),
            "payment.way": _("这种收款方式不支持这样付。"),
            "payment.currency": _("这种收款方式不收 {currency}。"),
            "payment.nothing": _("这个订单不用付钱，请用“确认收款”里的“不用付款”。"),
            "payment.unreachable": _(
                "没有得到可信的应答（{words}），不知道那边收到没有；系统会再去问，你也可以稍后再试。"
            ),
            "payment.provider": _("对方拒绝了：{words}"),
            "payment.unknown": _("对方没有这笔记录。"),
            "payment.signature": _("应答不是发给这个商户号的，没有采信。"),
            "payment.not_stray": _("这笔钱已经退回，或者订单收下了它。"),
            "refund.by_hand": _("这个订单不是在线付的，没有可以原路退回的钱；请用“只记账”。"),
        }
    )
