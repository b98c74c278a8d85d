"""What moved in a member's account, in words: the kind of an entry, why it was made, and which lots it took from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW, COMMUNITIES_VIEW, PENALTIES_MANAGE
from liuliang.console.rewards.deeds import NOTHING, Deed, deeds_of
from liuliang.console.rewards.penalties import penalties_for
from liuliang.loyalty.models import Adjustment, EarningRule, Season
from liuliang.loyalty.queries import Cause, Entry, LotUsed, read_cause
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.ui import formats

KINDS: dict[str, tuple[str | Promise, str]] = {
    "earned": (gettext_lazy("获得"), "good"),
    "spent": (gettext_lazy("使用"), "act"),
    "refunded": (gettext_lazy("退回"), "good"),
    "expired": (gettext_lazy("过期"), ""),
    "deducted": (gettext_lazy("扣除"), "bad"),
    "reversed": (gettext_lazy("撤回"), "warn"),
    "debt_paid": (gettext_lazy("抵扣欠额"), "warn"),
    "correction": (gettext_lazy("更正"), "warn"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as people read it. ``after`` is the balance when it was posted; ``lots`` are sentences.

    ``why`` says by which rule or whose decision, ``deed`` what for: the order, the message, the person who was invited.
    """

    transfer: int
    at: datetime
    kind: str
    amount: int
    after: int
    why: str
    deed: Deed
    place: Deed
    who: str
    ends_on: date | None
    lots: tuple[str, ...] = field(default=())

    @property
    def lots_text(self) -> str:
        """Return all lots in one text, for a file."""
        return "\n".join(self.lots)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the causes of a page of entries are called, looked up at once."""

    rules: Mapping[int, str]
    adjustments: Mapping[int, str]
    seasons: Mapping[int, str]
    penalties: Mapping[int, str]


def lines_of(entries: Sequence[Entry], person: int, access: Access) -> list[Line]:
    """Put entries of a person into words, with one look-up for each kind of thing they name, as far as one may see it."""
    causes = {cause for entry in entries for cause in _causes(entry)}
    names = _names_of([read_cause(cause) for cause in causes], access)
    deeds = deeds_of(causes, person, access)
    places = access.communities(COMMUNITIES_VIEW).in_bulk({entry.community for entry in entries if entry.community})
    staff = Staff.objects.in_bulk({entry.actor for entry in entries if entry.actor})
    return [
        Line(
            entry.transfer,
            entry.at,
            entry.kind,
            entry.amount,
            entry.after,
            why(read_cause(entry.cause), names),
            deeds.get(entry.cause, NOTHING),
            _place(places.get(entry.community or 0), access),
            staff[entry.actor].name if entry.actor in staff else "",
            entry.ends_on,
            tuple(_lot(each, names, deeds) for each in entry.lots),
        )
        for entry in entries
    ]


def _place(community: Community | None, access: Access) -> Deed:
    if community is None:
        return NOTHING
    may_open = access.may(ANALYTICS_VIEW, community)
    return Deed(community.name, reverse("console:community", args=[community.public_id]) if may_open else "")


def _causes(entry: Entry) -> list[str]:
    return [entry.cause, *(lot.cause for lot in entry.lots)]


def _names_of(causes: Sequence[Cause], access: Access) -> _Names:
    def ids(kind: str) -> set[int]:
        found = (cause.rest.partition(":")[0] for cause in causes if cause.kind == kind)
        return {int(each) for each in found if each.isdecimal()}

    rules = {cause.rule for cause in causes if cause.rule is not None}
    return _Names(
        dict(EarningRule.objects.filter(pk__in=rules).values_list("pk", "title")),
        dict(Adjustment.objects.filter(pk__in=ids("adjustment")).values_list("pk", "reason")),
        dict(Season.objects.filter(pk__in=ids("season")).values_list("pk", "title")),
        dict(penalties_for(access, PENALTIES_MANAGE).filter(pk__in=ids("penalty")).values_list("pk", "reason")),
    )


def why(cause: Cause, names: _Names) -> str:
    """Say why an entry was made; a cause that only packages above know stands as it is."""
    head = cause.rest.partition(":")[0]
    number = int(head) if head.isdecimal() else 0
    rule = names.rules.get(cause.rule or 0, f"#{cause.rule}")
    reason = names.adjustments.get(number, "")
    said = {
        "rule": _("规则：{name}").format(name=rule),
        "undo": _("规则“{name}”奖励的事后来撤销了").format(name=rule),
        "adjustment": _("员工调整：{reason}").format(reason=reason) if reason else _("员工调整"),
        "expiry": _("到了有效期"),
        "season": _("清零：{name}").format(name=names.seasons.get(number, head)),
        "penalty": _("处罚：{reason}").format(reason=names.penalties.get(number, f"#{number}")),
        "redemption": _("积分商城兑换"),
        "member_day": _("付费会员的会员日多得"),
        "debt": _("先还之前被撤回、但已经花掉的奖励"),
    }
    return said.get(cause.kind) or ":".join(filter(None, (cause.kind, cause.rest)))


def _lot(lot: LotUsed, names: _Names, deeds: Mapping[str, Deed]) -> str:
    ends = formats.day(lot.ends_on) if lot.ends_on else _("永久有效")
    deed = deeds.get(lot.cause, NOTHING).words
    amount, reason = formats.exact(abs(lot.amount)), " · ".join(filter(None, (why(read_cause(lot.cause), names), deed)))
    if lot.amount < 0:
        return _("{amount} 分回到批次 #{lot}（{why}，{ends}）").format(
            amount=amount, lot=lot.lot, why=reason, ends=ends
        )
    return _("{amount} 分来自批次 #{lot}（{why}，{ends}）").format(amount=amount, lot=lot.lot, why=reason, ends=ends)
