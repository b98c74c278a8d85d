"""What the sidebar holds. A page gets its line here when it exists; the person sees it when they may open it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import (
    ANALYTICS_VIEW,
    AUDIT_VIEW,
    COMMUNITIES_VIEW,
    IMPORTS_RUN,
    KEYS_MANAGE,
    MEMBERS_MERGE,
    MEMBERS_VIEW,
    ORDERS_VIEW,
    PARTNERS_VIEW,
    PAYMENTS_MANAGE,
    PENALTIES_MANAGE,
    POINTS_VIEW,
    ROLES_MANAGE,
    SEGMENTS_EDIT,
    SHOP_VIEW,
    STAFF_MANAGE,
    TESTIMONIALS_VIEW,
)
from liuliang.console.alerts.bell import unacknowledged
from liuliang.console.doors import may
from liuliang.console.members.proposals import waiting
from liuliang.console.rewards import adjusting, penalties
from liuliang.console.shop import paying, plans
from liuliang.ui.navigation import Entry, Section, Shell

SHELL = Shell(
    sections=(
        Section(_("总览"), icon="gauge", entries=(Entry(_("总览"), "console:overview", ANALYTICS_VIEW),), go="o"),
        Section(
            pgettext_lazy("several", "社群"),
            icon="sitemap",
            entries=(
                Entry(pgettext_lazy("several", "社群"), "console:communities", COMMUNITIES_VIEW),
                Entry(_("群家族"), "console:families", MEMBERS_VIEW),
                Entry(_("人手"), "console:capacity", ANALYTICS_VIEW),
            ),
            go="c",
        ),
        Section(
            _("成员"),
            icon="users",
            entries=(
                Entry(_("全部成员"), "console:members", MEMBERS_VIEW),
                Entry(_("人群"), "console:segments", MEMBERS_VIEW),
                Entry(_("分层"), "console:layers", MEMBERS_VIEW),
                Entry(_("建议"), "console:advice", SEGMENTS_EDIT),
                Entry(_("种子与骨干"), "console:candidates", MEMBERS_VIEW),
                Entry(_("标签"), "console:tags", MEMBERS_VIEW),
                Entry(_("疑似同一人"), "console:proposals", MEMBERS_MERGE, count=waiting),
            ),
            go="m",
        ),
        Section(
            _("激励"),
            icon="coins",
            entries=(
                Entry(_("积分"), "console:points", POINTS_VIEW),
                Entry(_("积分规则"), "console:earning-rules", POINTS_VIEW),
                Entry(_("等级"), "console:levels", POINTS_VIEW),
                Entry(_("手动调整"), "console:adjustments", POINTS_VIEW, count=adjusting.waiting),
                Entry(_("荣誉墙"), "console:honour", MEMBERS_VIEW),
                Entry(_("处罚"), "console:penalties", PENALTIES_MANAGE, count=penalties.appealed),
            ),
            go="p",
        ),
        Section(
            _("交易"),
            icon="shopping-cart",
            entries=(
                Entry(_("订单"), "console:orders", ORDERS_VIEW, count=paying.strays),
                Entry(pgettext_lazy("several", "商品"), "console:products", SHOP_VIEW),
                Entry(_("优惠券"), "console:coupons", SHOP_VIEW),
                Entry(_("付费会员"), "console:plans", ORDERS_VIEW, count=plans.ending),
                Entry(_("积分商城"), "console:mall", SHOP_VIEW),
                Entry(_("兑换与发货"), "console:redemptions", ORDERS_VIEW),
                Entry(_("复购与召回"), "console:winback", ORDERS_VIEW),
                Entry(pgettext_lazy("several", "合伙人"), "console:partners", PARTNERS_VIEW),
                Entry(_("客户见证"), "console:testimonials", TESTIMONIALS_VIEW),
            ),
            go="b",
        ),
        Section(
            _("数据"),
            icon="chart-bar",
            entries=(
                Entry(_("看板"), "console:dashboards", ANALYTICS_VIEW),
                Entry(_("健康度"), "console:health", ANALYTICS_VIEW),
                Entry("AARRR", "console:aarrr", ANALYTICS_VIEW),
                Entry(_("留存"), "console:retention", ANALYTICS_VIEW),
                Entry(_("停留"), "console:survival", ANALYTICS_VIEW),
                Entry(_("漏斗"), "console:funnel", ANALYTICS_VIEW),
                Entry(_("路径"), "console:paths", ANALYTICS_VIEW),
                Entry(_("触达次数"), "console:touches", ORDERS_VIEW),
                Entry(_("重叠"), "console:overlap", ANALYTICS_VIEW),
                Entry(_("预测"), "console:predictions", ANALYTICS_VIEW),
                Entry(_("指标"), "console:metrics", ANALYTICS_VIEW),
                Entry(pgettext_lazy("several", "目标"), "console:goals", ANALYTICS_VIEW),
                Entry(pgettext_lazy("several", "复盘"), "console:reviews", ANALYTICS_VIEW),
                Entry(_("预警"), "console:alerts", ANALYTICS_VIEW),
            ),
            go="d",
        ),
        Section(
            _("设置"),
            icon="settings",
            entries=(
                Entry(_("导入"), "console:imports", IMPORTS_RUN),
                Entry(_("收款"), "console:payment-accounts", PAYMENTS_MANAGE),
                Entry(_("员工"), "console:staff", STAFF_MANAGE),
                Entry(pgettext_lazy("several", "角色"), "console:roles", ROLES_MANAGE),
                Entry(_("接口密钥"), "console:keys", KEYS_MANAGE),
                Entry(_("操作日志"), "console:audit", AUDIT_VIEW),
            ),
            go="s",
        ),
    ),
    may=may,
    home="console:home",
    search="console:search",
    bell="console:alerts",
    bell_permission=ANALYTICS_VIEW,
    bell_count=unacknowledged,
    account="console:account",
    sign_out="console:sign-out",
)
