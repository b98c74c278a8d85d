"""What refusals about products, coupons and orders say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.console.members.member import ORDER_STATES


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "carrier": _("快递公司"), "tracking": _("运单号"), "currency": _("币种"), "how": _("方式"), "reference": _("流水号"),
            "batch": _("批次"), "count": _("数量"), "code": _("货号或专属码"), "quantity": _("件数"), "ends_on": _("到期日"),
            "off": _("优惠"), "total": _("总量"), "member": _("成员"), "note": _("备注"), "payment": _("付款"),
            "problem": _("问题"), "received": _("收到"), "refunded": _("已退"), "segment": _("人群"), "status": _("状态"),
            "by": _("谁"),
        }
    )  # fmt: skip
    history.name_values("status", {key: words for key, (words, _tone) in ORDER_STATES.items()})
    errors.declare(
        {
            "product.name": _("请给商品起个名字。"),
            "product.currency": _("不支持币种 {currency}，或与原来的币种不一致。"),
            "product.picture": _("图片太大了，请换一张不超过 100 KB 的。"),
            "variant.code": _("货号不能为空。"),
            "variant.code_taken": _("货号 {article} 已经用在别的规格上，请换一个。"),
            "variant.amount": _("标价要填 0 或以上的金额，也不要过大。"),
            "variant.per_person": _("每人限购要填 1 以上的整数，不限就留空。"),
            "stock.amount": _("库存的数量要填不为 0 的整数，最多 {highest:,}。"),
            "stock.limit_uncounted": _("每人限购要先有库存：不限库存的东西不计件，也就数不清谁买了几件。"),
            "stock.sold_out": _("已经没有了。"),
            "stock.limit": _("超过了每人的上限。"),
            "stock.quantity": _("数量要填大于 0 的整数。"),
            "offer.above": _("优惠价要低于标价；改标价时，先删掉不再优惠的价。"),
            "offer.conditions": _("优惠价至少要有一个条件：哪些社群、什么等级，或一单至少几件。"),
            "offer.quantity": _("数量要填 1 以上的整数。"),
            "offer.level": _("没有这个等级，它可能刚被删掉。"),
            "offer.plan": _("没有这种付费会员。"),
            "plan.name": _("请给方案起个名字。"),
            "plan.length": _("方案要有 1 到 {months} 个月，或 1 到 {days} 天。"),
            "plan.rights": _("权益最多 {most} 条。"),
            "plan.day": _("会员日要选是哪一天；减价在 0 到 99% 之间，积分最多多得 1000%。"),
            "subscription.reason": _("请写为什么送，以后查得到。"),
            "subscription.count": _("一次送 1 到 {most} 份。"),
            "subscription.off_sale": _("这种会员已经停售，不能送。"),
            "subscription.not_gift": _("这是买的会员，不能收回；要停就退款，按退的钱缩短。"),
            "sheet.headings": _("表格缺少这些列：{missing}。第一行要是列名。"),
            "sheet.cell": _("第 {number} 行的“{heading}”读不懂：{value}。整个文件都没有导入，改好再传。"),
            "sheet.row": _("第 {number} 行（{article}）不对：{inner}整个文件都没有导入，改好再传。"),
            "sheet.rows": _("一个文件要有 1 到 {most:,} 行，多的请分成几个文件。"),
            "sheet.elsewhere": _("这个货号属于别的社群的商品“{name}”，请换一个。"),
            "coupon.name": _("请给优惠券起个名字。"),
            "coupon.kind": _("没有这种优惠券。"),
            "coupon.off": _("优惠的大小要在 1 到 {highest:,} 之间。"),
            "coupon.limits": _("门槛、总量、每人限领和有效天数要填合理的整数。"),
            "coupon.time": _("结束时间要晚于开始时间，也要晚于现在。"),
            "coupon.inactive": _("这种优惠券已经停发。"),
            "coupon.nobody": _("这个人群里没有人。"),
            "coupon.not_yet": _("优惠券还没到可以用的时间。"),
            "coupon.ended": _("优惠券已经过期。"),
            "coupon.currency": _("优惠券是 {coupon} 的，订单是 {currency} 的，不能一起用。"),
            "coupon.scope": _("订单里没有这张优惠券适用的商品。"),
            "coupon.threshold": _("还没达到优惠券的使用门槛。"),
            "coupon.stacking": _("这几张优惠券不能叠加，只能用其中一张。"),
            "coupon.twice": _("同一张优惠券只能用一次。"),
            "coupon.used": _("这张优惠券已经用掉，或正被另一个未付款的订单占着。"),
            "coupon.not_yours": _("有优惠券不属于这位买家，或已经用掉、过期、收回、占在别的订单里。"),
            "code.count": _("一批可以生成 1 到 {most:,} 个券码。"),
            "code.unusable": _("这个券码用不了：可能输错了，已被使用或过期，或者你已经领过。"),
            "code.wait": _("输错的次数太多，请 {minutes} 分钟后再试。"),
            "order.buyer": _("请先搜索并选中一位成员。"),
            "order.lines": _("订单要有 1 到 {most} 种不同的商品。"),
            "order.quantity": _("每种商品要买 1 到 {most:,} 件。"),
            "order.off_sale": _("“{name}”已经下架，不能下单。"),
            "order.plan_alone": _("付费会员“{name}”要单独开一单，这样退款时才说得清退的是哪几天。"),
            "order.currency": _("一个订单只能有一种币种，这里有 {currencies}，请分开下单。"),
            "order.until": _("付款期限要晚于现在。"),
            "order.sold_out": _("“{name}”的库存不够了，订单没有下成。"),
            "order.limit": _("“{name}”每人限购 {limit} 件，订单没有下成。"),
            "order.way": _("没有这种收款方式。"),
            "order.closed": _("订单已经关闭，不能收款；请重新开单。"),
            "order.late": _("订单超过了付款期限，占用的库存已经放回；请重新开单。"),
            "order.imported": _("这是导入的订单，请在它原来的地方处理，再导入一次。"),
            "order.is_paid": _("订单已经付款，不能关闭；要退钱请用退款。"),
            "order.made_here": _("这笔订单是在这里产生的，请在它的页面退款；兑换的请在“兑换与发货”里退回。"),
            "order.unknown": _("没有订单 {number}，或者它不在这个密钥的范围里。"),
            "order.unpaid": _("订单还没有付款，没有钱可退。"),
            "mall.name": _("请给礼品起个名字。"),
            "mall.kind": _("请选礼品是什么：实物、优惠券、服务或特权。"),
            "mall.price": _("礼品至少要一些积分或一些钱，不能是负数，也不要过大。"),
            "mall.per_person": _("每人限兑要填 1 以上的整数，不限就留空。"),
            "mall.template": _("类型是优惠券时要选一张还在发的券，别的类型不要选。"),
            "mall.inactive": _("这个礼品已经下架，不能兑换。"),
            "mall.quantity": _("一次可以兑换 1 到 {most} 件。"),
            "mall.address": _("要寄的礼品请填全收货人、电话和地址。"),
            "mall.not_goods": _("只有实物需要发货。"),
            "mall.state": _("这次兑换已经完成或退回，不能再改。"),
            "mall.tracking": _("请填快递单号。"),
            "mall.unknown": _("没有这个兑换号，或不归你管。"),
            "shipping.row": _("第 {row} 行（{number}）不对：{inner}整个文件都没有收下，改好再传。"),
            "shipping.nothing": _("没有等发货的实物。"),
            "refund.currency": _("退款要用订单的币种 {currency}。"),
            "refund.amount": _("退款要大于 0，并且不超过还没退的部分。"),
            "refund.items": _("退回的件数超过了买的件数，最多还能退 {left} 件。"),
        }
    )
