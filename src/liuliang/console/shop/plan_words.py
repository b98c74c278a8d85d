"""Plans of paid membership and the days somebody has one, in words; and what a member's page says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liuliang.accounts.permissions import COUPONS_GIVE, ORDERS_VIEW
from liuliang.kernel import clock
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.subscriptions.models import Plan, Subscription, Term
from liuliang.subscriptions.plans import MONTHLY, WEEKLY
from liuliang.subscriptions.queries import subscriptions_of
from liuliang.subscriptions.subscribing import GIFT
from liuliang.subscriptions.terms import MONTH

STATES: dict[str, tuple[str | Promise, str]] = {
    "active": (gettext_lazy("有效"), "good"),
    "expired": (gettext_lazy("已到期"), ""),
    "ended": (gettext_lazy("已取消"), "warn"),
}
WEEKDAYS: dict[int, str | Promise] = {
    1: gettext_lazy("星期一"),
    2: gettext_lazy("星期二"),
    3: gettext_lazy("星期三"),
    4: gettext_lazy("星期四"),
    5: gettext_lazy("星期五"),
    6: gettext_lazy("星期六"),
    7: gettext_lazy("星期日"),
}
SHOWN = 10


def length_in_words(plan: Plan) -> str:
    """Return how long a plan is."""
    if plan.unit == MONTH:
        return ngettext("{n} 个月", "{n} 个月", plan.length).format(n=plan.length)
    return ngettext("共 {n} 天", "共 {n} 天", plan.length).format(n=plan.length)


def rights_of(plan: Plan) -> list[str]:
    """Return what a plan is good for: what staff wrote, and what the system does by itself."""
    said = [str(right) for right in plan.rights]
    day = ""
    if plan.day_kind == MONTHLY:
        day = _("每月 {n} 日会员日").format(n=plan.day_number)
    elif plan.day_kind == WEEKLY:
        day = _("每个{weekday}会员日").format(weekday=WEEKDAYS[plan.day_number])
    if day and plan.day_off:
        said.append(_("{day}：全场减 {percent}%").format(day=day, percent=plan.day_off))
    if day and plan.day_points:
        said.append(_("{day}：积分多得 {percent}%").format(day=day, percent=plan.day_points))
    return said


@dataclass(frozen=True, slots=True)
class Card:
    """A member's paid memberships: each with its state in words and its terms, and whether one may give more."""

    rows: Sequence[tuple[Subscription, tuple[str | Promise, str], int, list[str], list[Term]]]
    may_give: bool
    gift: str = GIFT


def memberships_of(access: Access, member: Member) -> Card | None:
    """Return what a member has; None for who may not see orders."""
    if not access.may(ORDERS_VIEW):
        return None
    day = today(clock.now())
    rows = []
    for row in subscriptions_of(member.pk).prefetch_related("terms__staff")[:SHOWN]:
        terms = sorted((term for term in row.terms.all() if term.last >= term.first), key=lambda one: one.first)
        left = (row.ends_on - day).days + 1
        rows.append((row, STATES.get(row.state, (row.state, "")), left, rights_of(row.plan), terms[-SHOWN:]))
    return Card(rows, access.may(COUPONS_GIVE) and Plan.objects.filter(is_active=True).exists())
