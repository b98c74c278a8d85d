"""What refusals about repurchase and win-back say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "days": _("天数"),
            "early": _("该再买：从周期的百分之几起"),
            "late": _("该再买：到周期的百分之几"),
            "until": _("过期：到周期的百分之几"),
            "lost_days": _("多少天没下单算流失"),
            "long_days": _("多少天没下单算久未购买"),
            "high_amount": _("消费多少算高价值"),
            "people": _("人数"),
        }
    )
    errors.declare(
        {
            "winback.percent": _("百分比要一个比一个大，都在 1 到 10000 之间：先“该再买”的起点，再它的终点，再“过期”的终点。"),
            "winback.days": _("“久未购买”的天数要大于“流失”的天数，都在 1 到 3650 之间。"),
            "winback.amount": _("高价值的金额要大于 0；留空就按消费最多的五分之一买家来定。"),
            "winback.product": _("没有这件商品，请刷新页面再试。"),
            "winback.cycle": _("周期要在 1 到 {most} 天之间；要用学到的周期就留空。"),
            "winback.no_cycle": _("还没有商品有周期，这份名单是空的。先给商品设一个周期。"),
            "winback.for_everybody": _("周期和规则由所有社群共用，需要能编辑全部人群的人来改。"),
        }
    )  # fmt: skip
