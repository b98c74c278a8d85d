"""Who is a paying member, about to be one no longer, or was one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.loyalty.validity import today
from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet
from liuliang.segments.parameters import Parameters
from liuliang.segments.wording import MOST_DAYS, joined, listed
from liuliang.subscriptions.queries import named_plans, subscriptions_of

STATES = {"has": gettext_lazy("现在是"), "ending": gettext_lazy("快到期"), "had": gettext_lazy("曾经是、现在不是")}


class Has(Config):
    """Paid membership of any of some plans (none named: any at all). ``days`` are those to the end, for who is about to lose it."""

    state: Literal["has", "ending", "had"] = "has"
    plans: tuple[int, ...] = Field(default=(), max_length=100)
    days: int = Field(default=7, ge=0, le=MOST_DAYS)


class SubscriptionCondition(Condition[Has]):
    """Members by their paid membership."""

    key = "subscription"
    title = gettext_lazy("付费会员")
    group = gettext_lazy("交易")
    icon = "crown"
    permission = ORDERS_VIEW
    config = Has
    choices = {"state": STATES}  # noqa: RUF012

    def compiled(self, config: Has, context: Context, parameters: Parameters) -> TableSet:
        """Ask the subscriptions, as persons: what any record of somebody has is theirs."""
        del parameters
        day = today(context.at)
        params: dict[str, Any] = {"day": day, "until": day + timedelta(days=config.days)}
        person = "coalesce(m.canonical_id, m.id)"
        source = "subscriptions_subscription s JOIN people_member m ON m.id = s.member_id"
        whose = " AND s.plan_id = ANY(%(plans)s)" if config.plans else ""
        if config.plans:
            params["plans"] = list(config.plans)
        held = "s.starts_on <= %(day)s AND s.ends_on >= %(day)s"
        terms = {"has": held, "ending": held, "had": "s.ends_on < %(day)s AND s.ends_on >= s.starts_on"}[config.state]
        select = f"SELECT {person} FROM {source} WHERE {terms}{whose} {{among}}"
        if config.state == "ending":
            # Somebody whose other plan goes on for longer is not about to lose what they have.
            select = f"SELECT person FROM (SELECT {person} AS person, s.ends_on FROM {source} WHERE {terms}{whose} {{among}}) q"
            select += " GROUP BY person HAVING max(ends_on) <= %(until)s"
        if config.state == "had":
            still = whose.replace("s.plan_id", "t.plan_id")
            select += (
                " AND NOT EXISTS (SELECT 1 FROM subscriptions_subscription t JOIN people_member n ON n.id = t.member_id"
                f" WHERE coalesce(n.canonical_id, n.id) = {person} AND t.starts_on <= %(day)s AND t.ends_on >= %(day)s{still})"
            )
        return TableSet(select, person, params)

    def kinds(self, config: Has) -> frozenset[str]:
        """Return the kinds that tell of paid membership."""
        del config
        names = ("started", "renewed", "shortened", "expired")
        return frozenset(f"subscription.{name}" for name in names)

    def refs(self, config: Has) -> Refs:
        """Name nothing that could go away: plans stay."""
        del config
        return Refs()

    def due_at(self, config: Has, context: Context) -> datetime | None:
        """Return the next midnight: days count."""
        del config
        return context.calendar.next_midnight

    def sentence(self, config: Has, names: Names) -> str:
        """Say which plans, and how they stand."""
        del names
        form = {
            "has": _("是付费会员"),
            "ending": _("付费会员 %(days)s 天内到期") % {"days": config.days},
            "had": _("曾经是付费会员，现在不是"),
        }[config.state]
        if not config.plans:
            return form
        told = named_plans(config.plans)
        which = listed([told.get(each, str(each)) for each in config.plans])
        return _("%(standing)s（%(plans)s）") % {"standing": form, "plans": which}

    def fact(self, config: Has, member: int, context: Context, names: Names) -> str:
        """Say which memberships somebody has or had, and until when."""
        del names
        rows = subscriptions_of(member)
        if config.plans:
            rows = rows.filter(plan__in=config.plans)
        day = today(context.at)
        told = [
            (_("「%(plan)s」到 %(day)s") if row.ends_on >= day else _("「%(plan)s」已在 %(day)s 到期"))
            % {"plan": row.plan.name, "day": row.ends_on.isoformat()}
            for row in rows[:3]
            if row.ends_on >= row.starts_on
        ]
        return joined(_("；").join(told)) or _("没有当过付费会员")


CONDITION = SubscriptionCondition()
