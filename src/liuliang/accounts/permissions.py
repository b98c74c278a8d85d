"""What staff may be allowed to do, and the roles that come ready-made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

if TYPE_CHECKING:
    from django.db.models import Model


@dataclass(frozen=True, slots=True)
class Permission:
    """Something a role may allow.

    ``per_community`` ones hold where they were granted and below. The others concern the whole installation: they count
    only when the role was given everywhere, never from a grant in one community.
    """

    key: str
    title: str | Promise
    group: str | Promise
    per_community: bool = True


COMMUNITIES_VIEW = "communities.view"
COMMUNITIES_EDIT = "communities.edit"
MEMBERS_VIEW = "members.view"
MEMBERS_EDIT = "members.edit"
MEMBERS_MERGE = "members.merge"
MEMBERS_ERASE = "members.erase"
MEMBERS_CONTACT = "members.contact"
MEMBERS_EXPORT = "members.export"
SEGMENTS_EDIT = "segments.edit"
ANALYTICS_VIEW = "analytics.view"
ANALYTICS_EDIT = "analytics.edit"
ORDERS_VIEW = "orders.view"
POINTS_VIEW = "points.view"
POINTS_MANAGE = "points.manage"
POINTS_ADJUST = "points.adjust"
POINTS_APPROVE = "points.approve"
HONOUR_MANAGE = "honour.manage"
PENALTIES_MANAGE = "penalties.manage"
ORDERS_EDIT = "orders.edit"
SHOP_VIEW = "shop.view"
SHOP_EDIT = "shop.edit"
COUPONS_GIVE = "coupons.give"
PAYMENTS_MANAGE = "payments.manage"
PARTNERS_VIEW = "partners.view"
PARTNERS_MANAGE = "partners.manage"
PARTNERS_SETTLE = "partners.settle"
TESTIMONIALS_VIEW = "testimonials.view"
TESTIMONIALS_MANAGE = "testimonials.manage"
IMPORTS_RUN = "imports.run"
STAFF_MANAGE = "staff.manage"
ROLES_MANAGE = "roles.manage"
KEYS_MANAGE = "keys.manage"
AUDIT_VIEW = "audit.view"

PERMISSIONS: dict[str, Permission] = {
    permission.key: permission
    for permission in (
        Permission(COMMUNITIES_VIEW, _("查看社群"), _("社群")),
        Permission(COMMUNITIES_EDIT, _("编辑社群、蓝图和群规"), _("社群")),
        Permission(MEMBERS_VIEW, _("查看成员"), _("成员")),
        Permission(MEMBERS_EDIT, _("编辑成员资料和标签"), _("成员")),
        Permission(MEMBERS_CONTACT, _("查看手机号等联系方式"), _("成员")),
        Permission(MEMBERS_MERGE, _("合并与拆分成员"), _("成员"), per_community=False),
        Permission(MEMBERS_ERASE, _("删除成员的个人信息"), _("成员"), per_community=False),
        Permission(MEMBERS_EXPORT, _("导出成员"), _("成员")),
        Permission(SEGMENTS_EDIT, _("编辑人群和分层"), _("成员")),
        Permission(ANALYTICS_VIEW, _("查看数据"), _("数据")),
        Permission(ANALYTICS_EDIT, _("定目标、阶段、获客成本和健康度权重"), _("数据")),
        Permission(ORDERS_VIEW, _("查看订单"), _("交易")),
        Permission(POINTS_VIEW, _("查看积分和等级"), _("激励"), per_community=False),
        Permission(POINTS_MANAGE, _("设置积分规则、等级和清零"), _("激励"), per_community=False),
        Permission(POINTS_ADJUST, _("发放和扣除积分"), _("激励"), per_community=False),
        Permission(POINTS_APPROVE, _("审批积分调整"), _("激励"), per_community=False),
        Permission(HONOUR_MANAGE, _("设置和颁发勋章"), _("激励")),
        Permission(PENALTIES_MANAGE, _("处罚成员、处理申诉"), _("激励")),
        Permission(ORDERS_EDIT, _("开单、收款、退款、发货"), _("交易")),
        Permission(SHOP_VIEW, _("查看商品、优惠券和商城"), _("交易")),
        Permission(SHOP_EDIT, _("编辑商品、优惠券和商城"), _("交易")),
        Permission(COUPONS_GIVE, _("发优惠券、赠送会员、导出券码"), _("交易")),
        Permission(PAYMENTS_MANAGE, _("设置收款账户和密钥"), _("交易"), per_community=False),
        Permission(PARTNERS_VIEW, _("查看合伙人、业绩和佣金"), _("交易"), per_community=False),
        Permission(PARTNERS_MANAGE, _("管理合伙人、佣金方案和绑定"), _("交易"), per_community=False),
        Permission(PARTNERS_SETTLE, _("做佣金结算单、确认已付"), _("交易"), per_community=False),
        Permission(TESTIMONIALS_VIEW, _("查看客户见证"), _("交易")),
        Permission(TESTIMONIALS_MANAGE, _("收集和审核客户见证"), _("交易")),
        Permission(IMPORTS_RUN, _("导入聊天记录、成员和订单"), _("设置")),
        Permission(STAFF_MANAGE, _("邀请员工、授予角色"), _("设置")),
        Permission(ROLES_MANAGE, _("管理角色"), _("设置"), per_community=False),
        Permission(KEYS_MANAGE, _("管理接口密钥"), _("设置")),
        Permission(AUDIT_VIEW, _("查看操作日志"), _("设置")),
    )
}


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A role that every installation starts with."""

    key: str
    name: str
    description: str
    permissions: tuple[str, ...]


_LOOK = (COMMUNITIES_VIEW, MEMBERS_VIEW, ANALYTICS_VIEW)

BUILT_IN_ROLES: tuple[BuiltInRole, ...] = (
    BuiltInRole("admin", noop("管理员"), noop("管理社群的一切，包括员工"), tuple(PERMISSIONS)),
    BuiltInRole("community_owner", noop("群主"), noop("经营自己的社群"), (
        *_LOOK, COMMUNITIES_EDIT, MEMBERS_EDIT, MEMBERS_CONTACT, MEMBERS_EXPORT, SEGMENTS_EDIT, ANALYTICS_EDIT, ORDERS_VIEW,
        IMPORTS_RUN, HONOUR_MANAGE, PENALTIES_MANAGE, ORDERS_EDIT, SHOP_VIEW, SHOP_EDIT, COUPONS_GIVE,
        TESTIMONIALS_VIEW, TESTIMONIALS_MANAGE,
    )),
    BuiltInRole("supervisor", noop("监督员"), noop("看数据和群内秩序"), (*_LOOK, AUDIT_VIEW, PENALTIES_MANAGE)),
    BuiltInRole("content_officer", noop("内容官"), noop("策划内容和话题"), (
        *_LOOK, COMMUNITIES_EDIT, SEGMENTS_EDIT, TESTIMONIALS_VIEW, TESTIMONIALS_MANAGE,
    )),
    BuiltInRole("service", noop("客服"), noop("服务成员，查看联系方式和订单"), (
        *_LOOK, MEMBERS_EDIT, MEMBERS_CONTACT, ORDERS_VIEW, ORDERS_EDIT, SHOP_VIEW, COUPONS_GIVE, POINTS_VIEW, POINTS_ADJUST,
    )),
    BuiltInRole("expert", noop("答疑"), noop("回答专业问题"), (COMMUNITIES_VIEW, MEMBERS_VIEW)),
    BuiltInRole("analyst", noop("数据分析"), noop("看全部数据，导入与导出"), (
        *_LOOK, ANALYTICS_EDIT, ORDERS_VIEW, SHOP_VIEW, PARTNERS_VIEW, POINTS_VIEW, MEMBERS_EXPORT, SEGMENTS_EDIT, IMPORTS_RUN,
    )),
    BuiltInRole("helper", noop("小助手"), noop("协助打标签"), (COMMUNITIES_VIEW, MEMBERS_VIEW, MEMBERS_EDIT)),
    BuiltInRole("partner", noop("合伙人"), noop("只看自己的社群"), (COMMUNITIES_VIEW, ANALYTICS_VIEW)),
)  # fmt: skip


def ensure_built_in_roles(roles: type[Model]) -> None:
    """Add the built-in roles that are missing; those that are there keep what was changed about them.

    Args:
        roles: the model of roles, as a migration or the present knows it.
    """
    for role in BUILT_IN_ROLES:
        roles._default_manager.get_or_create(  # noqa: SLF001 - what a model offers when its class is not known
            key=role.key,
            defaults={"name": role.name, "description": role.description, "permissions": list(role.permissions)},
        )
