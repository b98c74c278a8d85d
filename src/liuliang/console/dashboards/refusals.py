"""What refusals about dashboards say, and how the audit log calls what changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.dashboards.queries import visible
from liuliang.people.access import Access


def install() -> None:
    """Declare the sentences, what the fields of the audit log are called, and where its entries lead."""
    history.name_fields(
        {
            "cards": _("卡片"),
            "card": _("卡片"),
            "meaning": _("说明"),
            "days": _("天数"),
            "width": _("宽度"),
            "position": _("位置"),
        }
    )
    history.targets("dashboards.dashboard")(_named)
    errors.declare(
        {
            "dashboard.name": _("请给看板起个名字。"),
            "dashboard.too_many": _("一个人最多 {most} 个看板，请先删掉不用的。"),
            "dashboard.days": _("看板平时看 7、30 或 90 天；别的期间打开以后再选。"),
            "dashboard.role_blind": _("“{role}”没有“查看数据”的权限，分享给他们也打不开。"),
            "dashboard.share_everywhere": _(
                "这个看板不限社群，只有能看全部社群的人才能分享。请先在看板设置里选一个社群。"
            ),
            "card.kind": _("没有这种卡片了，请删掉它。"),
            "card.question": _("这张“{kind}”卡片问的东西现在算不了：选的指标或维度不合适，或者已经没有了。请换一个。"),
            "card.too_many": _("一个看板最多 {most} 张卡片，请先删掉不看的，或另建一个看板。"),
            "card.width": _("宽度只能是窄、半行或整行。"),
            "card.days": _("卡片只能固定看 7、30 或 90 天。请跟着看板，或先把期间换成其中之一。"),
            "card.gone": _("这张卡片已经被删除了，请刷新页面。"),
            "card.page": _("这一页不能放进看板。请从指标、漏斗、留存、路径、预测或分层页放。"),
            "card.layers_hidden": _("每个人的层按他在所有社群里的表现算，只看一部分社群的人看不到。"),
            "card.place": _("那个社群没有分给你，卡片不能固定看它。"),
            "card.in_charge": _("这里选了负责人，他负责的社群会变，卡片没法固定。请跟着看板：看板上也能选负责人。"),
            "card.many_places": _("这里选了 {n} 个社群，一张卡片只能固定看一个社群或一支。请跟着看板，或只选一个。"),
        }
    )


def _named(access: Access, ids: Collection[str]) -> Mapping[str, history.Target]:
    known = visible(access).filter(pk__in=[int(one) for one in ids if one.isdecimal()])
    return {str(row.pk): history.Target(row.name, reverse("console:dashboard", args=[row.public_id])) for row in known}
