"""A member's account: what they have, what ends when, and every entry with its cause and its lots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponseBase
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_EXPORT, MEMBERS_VIEW, POINTS_ADJUST, POINTS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.rewards.deeds import Deed
from liuliang.console.rewards.words import KINDS, Line, lines_of
from liuliang.kernel import clock
from liuliang.loyalty.accounts import GROWTH, POINTS
from liuliang.loyalty.leveling import explain
from liuliang.loyalty.queries import Balance, Entry, balance_of, count_entries, entries, entries_since
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.ui import formats
from liuliang.ui.listing import Column, Cursor, Empty, Listing, Order, Slice, cells

UNITS = {POINTS: _("积分"), GROWTH: _("成长值")}


def _moved(line: Line) -> cells.Cell:
    return f"+{formats.exact(line.amount)}" if line.amount > 0 else f"−{formats.exact(-line.amount)}"


def _linked(deed: Deed) -> cells.Cell:
    return format_html('<a href="{}">{}</a>', deed.url, deed.words) if deed.url else cells.text(deed.words)


_COLUMNS = (
    Column("at", _("时间"), value="at", show=cells.instant, sort="transfer", is_fixed=True),
    Column(
        "kind", _("类别"), value=lambda line: str(KINDS.get(line.kind, (line.kind, ""))[0]),
        cell=lambda line: cells.state(KINDS)(line.kind),
    ),
    Column("amount", _("变动"), cell=_moved, align="end"),
    Column("after", _("余额"), value="after", cell=lambda line: formats.exact(line.after), align="end"),
    Column("why", _("原因"), value="why", space="wrapping"),
    Column("deed", _("哪件事"), value=lambda line: line.deed.words, cell=lambda line: _linked(line.deed), space="wrapping"),
    Column("lots", _("哪些批次"), value="lots_text", template="console/rewards/lots.html", space="wrapping"),
    Column("ends", _("有效到"), value="ends_on", show=cells.day, align="end"),
    Column("place", _("社群"), value=lambda line: line.place.words, cell=lambda line: _linked(line.place)),
    Column("who", _("经手"), value="who"),
)  # fmt: skip


class Statement:
    """The entries of a member's account as a list walks them, in both directions."""

    def __init__(self, access: Access, member: Member, unit: str) -> None:
        self._access = access
        self._member = member.pk
        self._unit = unit

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        is_backward = cursor is not None and cursor.is_backward
        is_older = order.is_descending != is_backward
        place = (int(cursor.key), int(cursor.value)) if cursor is not None else None
        found = self._walk(place, size + 1, is_older=is_older)
        has_more, found = len(found) > size, found[:size]
        if is_backward and len(found) < size:
            # The first page is always a full one.
            return self.page(order, None, size)
        if is_backward:
            found.reverse()
        if not found:
            return Slice([])
        has_before, has_after = (has_more, True) if is_backward else (cursor is not None, has_more)
        return Slice(
            lines_of(found, self._member, self._access),
            before=_beside(found[0], is_older=not order.is_descending, is_backward=True) if has_before else None,
            after=_beside(found[-1], is_older=order.is_descending, is_backward=False) if has_after else None,
        )

    def count(self, limit: int) -> int:
        """Count the entries, but not beyond ``limit``."""
        return count_entries(self._member, unit=self._unit, limit=limit)

    def stream(self, order: Order) -> Iterator[Line]:
        """Give every entry in order."""
        place: tuple[int, int] | None = None
        while found := self._walk(place, 500, is_older=order.is_descending):
            yield from lines_of(found, self._member, self._access)
            place = _place(found[-1], is_older=order.is_descending)

    def _walk(self, place: tuple[int, int] | None, size: int, *, is_older: bool) -> list[Entry]:
        if is_older:
            return list(entries(self._member, unit=self._unit, before=place, size=size).entries)
        return entries_since(self._member, unit=self._unit, after=place or (0, 0), size=size)


def _place(entry: Entry, *, is_older: bool) -> tuple[int, int]:
    """Return where a walk that goes on from an entry begins."""
    return entry.transfer, entry.after - entry.amount if is_older else entry.after


def _beside(entry: Entry, *, is_older: bool, is_backward: bool) -> Cursor:
    transfer, balance = _place(entry, is_older=is_older)
    return Cursor(balance, transfer, is_backward)


STATEMENT = Listing(
    key="statement",
    title=_("明细"),
    columns=_COLUMNS,
    default_sort="-at",
    tie_breaker="transfer",
    key_field="transfer",
    export_name=_("积分明细"),
    export_permission=MEMBERS_EXPORT,
    empty=Empty(_("还没有任何变动"), _("得到、花掉、过期、退回、扣除，每一笔都会列在这里，连同原因和批次。")),
)


@page(permission=POINTS_VIEW)
def account(request: StaffRequest, member: Member) -> HttpResponseBase:
    """Show a member's account."""
    may_see(request.access, member)
    unit = GROWTH if request.GET.get("unit") == GROWTH else POINTS
    at = clock.now()
    balance = balance_of(member.pk)
    context: dict[str, Any] = {
        "member": member,
        "name": shown_name(member),
        "member_url": member_url(member),
        "unit": unit,
        "balance": balance,
        "soon": _soon(balance),
        "level": explain(member.pk, at=at),
        "today": today(at),
        "may_adjust": request.access.may_everywhere(POINTS_ADJUST),
        "tabs": [
            (title, request.path if key == POINTS else f"{request.path}?unit={key}", None)
            for key, title in UNITS.items()
        ],
        "tab_url": request.path if unit == POINTS else f"{request.path}?unit={unit}",
    }
    return STATEMENT.respond(
        request, lambda _values: Statement(request.access, member, unit), template="console/rewards/account.html",
        context=context,
    )  # fmt: skip


def may_see(access: Access, member: Member) -> None:
    """Let only those go on who may see the member; the permission for points alone does not tell who somebody is.

    Raises:
        Http404: one may not.
    """
    if not access.members(MEMBERS_VIEW).filter(pk=member.pk).exists():
        raise Http404


def _soon(balance: Balance) -> tuple[Any, int] | None:
    """Return the first last day and how much ends with it; None where nothing ends."""
    return next(((day, amount) for day, amount in balance.endings if day is not None), None)
