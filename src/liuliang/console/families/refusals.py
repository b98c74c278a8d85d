"""What refusals about families say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"tiers": _("档数"), "tier": _("档"), "steady_days": _("够格多少天才请")})
    errors.declare(
        {
            "family.name_empty": _("给家族起个名字。"),
            "family.name_taken": _("已经有一个家族叫“{name}”了。"),
            "family.tiers": _("一个家族要有 {fewest} 到 {most} 档。"),
            "family.tier_name": _("每一档都要有名字。"),
            "family.tier_twice": _("两档不能叫同一个名字。"),
            "family.rest_last": _("“{name}”没有选谁属于这一档，也就是其余的人；这样的档只能放在最后。"),
            "family.no_groups": _("“{name}”要选 1 到 {most} 个群；还没有群就先去建一个。"),
            "family.group_twice": _("一个群只能在一档里。"),
            "family.group_taken": _("群“{name}”已经在家族“{family}”里了，一个群只能属于一个家族。"),
            "family.group_gone": _("选的群有的已经不在了，或者你看不到，重新选一下。"),
            "family.who_gone": _("选的分层或人群有的已经不在了，重新选一下。"),
            "family.steady": _("够格的天数要在 0 到 {most} 之间。"),
            "family.dissolved": _("这个家族已经解散了。"),
            "family.tier_gone": _("这一档已经没有了，请刷新页面看看是不是同事改过了。"),
            "family.not_its_group": _("这个群不在这一档里，或者已经归档了，换一个群。"),
            "family.too_many": _("一次最多请 {most} 人，分几次来。"),
            "family.no_room": _("“{name}”只剩 {room} 个位置（请了还没来的也算），这次要请 {asked} 人。少请几个，或换一个群。"),
            "family.invitation_over": _("这次邀请已经有结果了，请刷新页面。"),
            "family.for_everybody": _("谁属于哪一档按所有社群里的表现算，需要能看全部成员的人来做；和订单、积分有关的还要能看全部订单、积分。"),
        }
    )  # fmt: skip
