"""What a member's page says of their points and level, to those who may see points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from liuliang.accounts.permissions import POINTS_VIEW
from liuliang.kernel import clock
from liuliang.loyalty.leveling import Explained, explain
from liuliang.loyalty.levels import MONTHS
from liuliang.loyalty.models import Level
from liuliang.loyalty.queries import Balance, balance_of
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.ui import formats


@dataclass(frozen=True, slots=True)
class Card:
    """A member's balance and level; ``level`` is empty before the first, ``sentences`` explain where they stand."""

    balance: Balance
    level: str
    rights: Sequence[str]
    sentences: Sequence[str]


def rewards_of(access: Access, member: Member) -> Card | None:
    """Return what a member has; None for who may not see points."""
    if not access.may(POINTS_VIEW):
        return None
    names = dict(Level.objects.values_list("key", "name"))
    balance = balance_of(member.pk)
    if not names:
        return Card(balance, "", (), ())
    told = explain(member.pk, at=clock.now())
    return Card(balance, names.get(told.level, ""), told.rights, explained(told, names))


def explained(told: Explained, names: dict[str, str]) -> list[str]:
    """Say where a member stands: what they have, what the next level takes, and what keeps theirs."""
    growth = formats.exact(told.growth)
    sentences = [_("成长值 {growth}。").format(growth=growth)]
    if told.level and told.since is not None:
        sentences = [
            _("成长值 {growth}，{day} 起是{level}。").format(
                growth=growth, day=formats.day(today(told.since)), level=names.get(told.level, told.level)
            )
        ]
    if told.next_level:
        sentences.append(
            _("再得 {missing} 到{level}。").format(
                missing=formats.exact(told.missing), level=names.get(told.next_level, told.next_level)
            )
        )
    if told.keep:
        sentences.append(
            _("每 {months} 个月看一次：得到 {keep} 就保住，最近得到了 {earned}。").format(
                months=MONTHS, keep=formats.exact(told.keep), earned=formats.exact(told.earned)
            )
        )
    return sentences
