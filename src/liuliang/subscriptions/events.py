"""What happens to paid memberships. ``ends_on`` is the last day that counts, as an ISO day where the brand is."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event


@event("subscription.started", title=_("成为付费会员"), icon="crown")
@dataclass(frozen=True, slots=True)
class SubscriptionStarted(Event):
    """A member began to have a plan that they did not have the day before. ``how`` is order or gift."""

    plan: int
    ends_on: str
    how: str = "order"
    name: str = ""


@event("subscription.renewed", title=_("会员续期"), icon="crown")
@dataclass(frozen=True, slots=True)
class SubscriptionRenewed(Event):
    """A member who has a plan has it for longer."""

    plan: int
    ends_on: str
    how: str = "order"
    name: str = ""


@event("subscription.shortened", title=_("会员缩短"), icon="crown-off", value="days")
@dataclass(frozen=True, slots=True)
class SubscriptionShortened(Event):
    """A member has a plan for ``days`` fewer: money went back, or a gift was taken back."""

    plan: int
    ends_on: str
    days: int
    name: str = ""


@event("subscription.expired", title=_("会员到期"), icon="hourglass-off")
@dataclass(frozen=True, slots=True)
class SubscriptionExpired(Event):
    """The last day of a member's plan is over."""

    plan: int
    ends_on: str
    name: str = ""
