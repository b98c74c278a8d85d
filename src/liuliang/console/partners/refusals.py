"""What refusals about partners say, and how the audit log calls what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import PARTNERS_VIEW
from liuliang.console import errors, history
from liuliang.partners.models import Partner
from liuliang.people.access import Access


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "first_rate": _("一级佣金（万分之）"),
            "second_rate": _("二级佣金（万分之）"),
            "window_days": _("退款观察期（天）"),
            "plan": _("佣金方案"),
            "coupon": _("专属优惠券"),
            "partner": _("合伙人"),
            "picture": _("图片"),
            "link": _("链接"),
            "training": _("培训"),
        }
    )
    history.targets("partners.partner")(_named)
    errors.declare(
        {
            "partner.per_head": _("不能按拉来多少人付钱：《禁止传销条例》第七条第（一）项把按发展人员的数量计酬定为传销。请改成按真实成交付佣金。"),
            "partner.entry_fee": _("不能收入门费，也不能要求先买东西才能加入：《禁止传销条例》第七条第（二）项把交费取得资格定为传销。请把它去掉。"),
            "partner.levels": _("佣金最多 {most} 级：《禁止传销条例》第七条第（三）项禁止以下线的业绩层层给上线计酬，达到 3 级、30 人的还要追究刑事责任。请减少级数。"),
            "partner.second_level": _("二级佣金是按别人带来的成交付钱，碰到《禁止传销条例》第七条第（三）项的边。请先让懂法律的人看过，再勾选确认；你的名字会记在方案上。"),
            "partner.rates": _("一级佣金要大于 0，二级不能高于一级，加起来不能超过 {most}%：再高就是靠招人、不是靠卖东西了。"),
            "partner.days": _("退款观察期要在 0 到 {most} 天，绑定有效期要在 1 到 {most} 天。"),
            "partner.rate_unreadable": _("佣金比例读不懂。请填百分数，两级用逗号隔开，例如 10 或 10, 3。"),
            "partner.plan_name": _("请给方案起个名字。"),
            "partner.plan_taken": _("已经有叫“{name}”的方案了。"),
            "partner.plan_stopped": _("这个方案已经停用，请选别的方案。"),
            "partner.name": _("请填合伙人的名字。"),
            "partner.kind": _("请选是合伙人、导购还是小 B。"),
            "partner.code": _("专属码要有 {shortest} 到 {longest} 个字母或数字；留空会生成一个猜不到的。"),
            "partner.code_taken": _("专属码 {taken} 已经有人用了，换一个。"),
            "partner.code_unknown": _("没有这个专属码，请核对一下。"),
            "partner.member_taken": _("这位成员已经是合伙人了。"),
            "partner.coupon_taken": _("优惠券“{name}”已经是别人的专属券了。"),
            "partner.depth": _("“{name}”自己也是别人介绍来的，不能再介绍人：最多两级，见《禁止传销条例》第七条第（三）项。"),
            "partner.inactive": _("“{name}”已经停用，不能再归给他。"),
            "partner.bound": _("这位成员还在“{name}”的绑定有效期里，到期以后才能归别人。"),
            "partner.own": _("自己买的不算自己的业绩。"),
            "partner.order_settled": _("这个订单的佣金已经过了观察期，归属不能改。"),
            "partner.order_early": _("下单的时候“{name}”还不是合伙人，这一单算不了他的。"),
            "partner.order_refunded": _("这个订单已经全部退款，没有佣金可算。"),
            "partner.order_unknown": _("没有这个订单号，或不归你管。"),
            "partner.material": _("请把标题和内容都填上。"),
            "partner.link": _("链接要是手机打得开的网址，以 https:// 或 http:// 开头，不超过 {most} 个字。"),
            "training.title": _("请写清楚学什么。"),
            "training.inactive": _("“{title}”已经不教了，不能再记学完。"),
            "settlement.nothing": _("现在没有可以结算的佣金：要么还在退款观察期，要么已经在别的结算单上。"),
            "settlement.cancelled": _("这张结算单已经作废，不能确认。"),
            "settlement.paid": _("这张结算单已经付了，不能作废。"),
        }
    )  # fmt: skip


def _named(access: Access, ids: Collection[str]) -> Mapping[str, history.Target]:
    """Return what partners are called now: one who was erased by their code, which is all that is left of them."""
    if not access.may(PARTNERS_VIEW):
        return {}
    seen = Partner.objects.filter(pk__in=ids).values_list("pk", "name", "public_id")
    return {str(pk): history.Target(name, reverse("console:partner", args=[public_id])) for pk, name, public_id in seen}
