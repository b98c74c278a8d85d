"""The list of members: who there is, how it can be narrowed, and what can be done to many at once.

Staff who may see everything read the projections that an index walks in order. Staff who may see some communities get the
same columns counted over those communities alone: a number must not tell of a place one may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import (
    BigIntegerField,
    Exists,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Greatest
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import (
    IMPORTS_RUN,
    MEMBERS_CONTACT,
    MEMBERS_EDIT,
    MEMBERS_EXPORT,
    MEMBERS_VIEW,
    ORDERS_VIEW,
    SEGMENTS_EDIT,
)
from liuliang.commerce.models import Order
from liuliang.commerce.services import UNPAID
from liuliang.console.analysis.behind import Behind
from liuliang.console.members.tag_filter import Tagged
from liuliang.kernel import clock
from liuliang.people import queries
from liuliang.people.access import Access
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Member, Membership, Tag
from liuliang.ui.listing import (
    Boolean,
    BulkAction,
    Choice,
    Column,
    DateRange,
    Empty,
    Filter,
    Listing,
    NumberRange,
    Option,
    Text,
    View,
    cells,
)
from liuliang.ui.templatetags import ui

_INDENT = "\u3000"
PRESENT, LEFT, LISTED = "present", "left", "listed"
_YUAN = 100


def shown_name(member: Member) -> str:
    """Return what a member is called; somebody without a name is still somebody."""
    return member.name or _now("未命名 #{number}").format(number=member.id)


def member_url(member: Member) -> str:
    """Return the address of a member's page."""
    return reverse("console:member", args=[member.public_id])


def _who(member: Member) -> SafeString:
    name = shown_name(member)
    robot = format_html(" {}", ui.tag(_now("机器人"))) if member.is_bot else ""
    return format_html('<span class="named">{}<span>{}{}</span></span>', ui.face(name), name, robot)


def tags_of(member: Member) -> list[str]:
    """Return the names of a listed member's tags, those of merged records included."""
    held = [*member.shown_tags]  # type: ignore[attr-defined]
    for record in member.records.all():
        held += record.shown_tags  # type: ignore[attr-defined]
    return sorted({each.tag.name for each in held})


def communities_of(member: Member) -> list[str]:
    """Return the names of the communities a listed member is in."""
    return [each.community.name for each in member.shown_memberships]  # type: ignore[attr-defined]


def _yuan_spent(member: Member) -> Decimal | None:
    """Return what a file says somebody spent: an amount, not its minor units."""
    spent: int | None = member.spent  # type: ignore[attr-defined]
    return None if spent is None else Decimal(spent) / 100


def _spent(member: Member) -> cells.Cell:
    return cells.money(member.spent)  # type: ignore[attr-defined]


_COLUMNS = (
    Column("name", pgettext_lazy("one", "成员"), value=shown_name, cell=_who, sort="name", is_fixed=True),
    Column("tags", _("标签"), value=tags_of, show=cells.tags),
    Column("communities", _("所在社群"), value=communities_of, show=cells.tags),
    Column("messages", _("消息"), value="said", show=cells.count, sort="said", align="end"),
    Column("spoke", _("最近发言"), value="spoke_at", show=cells.ago, sort="spoke_at", align="end"),
    Column("seen", _("最近出现"), value="seen_at", show=cells.ago, sort="seen_at", align="end"),
    Column("first", _("首次出现"), value="first_at", show=cells.day, sort="first_at", align="end", is_default=False),
)
_TRADE = (
    Column("orders", _("订单"), value="bought", show=cells.count, sort="bought", align="end"),
    Column(
        "paid", _("消费"), value=_yuan_spent, cell=_spent, sort="spent", align="end", hint=_("实付减去退款，只算人民币")
    ),
)

MEMBERS = Listing(
    key="members",
    title=_("成员"),
    columns=_COLUMNS,
    default_sort="-seen",
    key_field="public_id",
    row_url=member_url,
    views=(
        View(_("在群"), "presence=present"),
        View(_("潜水"), "presence=present&silent=1"),
        View(_("已退群"), "presence=left"),
        View(_("没进过群"), "presence=listed"),
    ),
    bulk=(
        BulkAction("tag", _("打标签"), "console:members-tag", icon="tag", permission=MEMBERS_EDIT),
        BulkAction("untag", _("去标签"), "console:members-untag", icon="tag-off", permission=MEMBERS_EDIT),
        BulkAction("keep", _("存为人群"), "console:members-keep", icon="users-group", permission=SEGMENTS_EDIT),
    ),
    export_name=_("成员"),
    export_permission=MEMBERS_EXPORT,
    empty=Empty(
        _("还没有成员"),
        _("导入一段群聊记录或一份成员名单，这里就会有每个人：在哪些群、说过什么、买过什么。"),
        _("导入文件"),
        "/imports/",
        permission=IMPORTS_RUN,
    ),
)


def listing_for(access: Access, parameters: QueryDict) -> Listing:
    """Return the list with the filters and columns of this person; ``parameters`` are those of the list's address."""
    chosen = _chosen_communities(access, parameters.get("community", ""))
    may_trade = access.may(ORDERS_VIEW)
    filters: list[Filter] = [
        Text("q", _("搜索昵称或账号"), narrow=partial(_named, may_search_contacts(access))),
        Choice("community", _("社群"), options=community_options(access), narrow=partial(_in, chosen), is_primary=True),
        Choice(
            "presence", _("在群状态"), options=[Option(PRESENT, _("在群")), Option(LEFT, _("已退群")), Option(LISTED, _("没进过群"))],
            narrow=partial(_present, access, chosen), is_primary=True,
        ),
        Tagged("tag", _("标签"), options=tag_options()),
        Boolean("silent", _("从未发言"), narrow=_silent),
        DateRange("spoke", _("最近发言"), field="spoke_at"),
        DateRange("joined", _("进群时间"), narrow=partial(_joined, access, chosen)),
        NumberRange("said", _("消息数"), field="said", unit=_("条")),
    ]  # fmt: skip
    filters.append(Behind())
    if may_trade:
        filters += [
            NumberRange("orders", _("订单数"), field="bought", unit=_("单")),
            NumberRange("paid", _("消费"), field="spent", unit=_("元"), scale=_YUAN),
        ]
    views: Sequence[View] = MEMBERS.views
    if may_trade:
        views = (*views, View(_("买过"), "orders_from=1"))
    columns = (*_COLUMNS, *_TRADE) if may_trade else _COLUMNS
    return replace(MEMBERS, filters=filters, columns=columns, views=views)


def rows_for(access: Access, *more: str) -> QuerySet[Any]:
    """Return the members this person may list, with the values of the columns.

    With ``more`` permissions, all of it is of the communities alone where these hold too.
    """
    members = access.members(MEMBERS_VIEW, *more)
    allowed = access.community_ids(MEMBERS_VIEW, *more)
    members = _with_everything(members) if allowed is None else _with_numbers_of(members, allowed)
    sold = access.community_ids(ORDERS_VIEW, *more)
    members = _with_all_trade(members) if sold is None else _with_trade_of(members, sold)
    return members.prefetch_related(*_prefetched(allowed))


def chosen_for(request: HttpRequest, access: Access, permission: str = MEMBERS_EDIT) -> QuerySet[Any]:
    """Return the members that a bulk action's POST has chosen, of those where this person has the permission too."""
    listing = listing_for(access, QueryDict(request.POST.get("all", "")))
    return listing.chosen(request, rows_for(access, permission)).prefetch_related(None)


def may_search_contacts(access: Access) -> bool:
    """Tell whether phone numbers may be searched: only who may see them wherever they may see members."""
    reach, shown = access.community_ids(MEMBERS_VIEW), access.community_ids(MEMBERS_CONTACT)
    return shown is None or (reach is not None and reach <= shown)


def community_options(access: Access) -> list[Option]:
    """Return the communities this person may see, as a tree."""
    rows = list(access.communities(MEMBERS_VIEW).order_by("name").values_list("public_id", "name", "path", "id"))
    names = {each[3]: each[1] for each in rows}
    rows.sort(key=lambda row: [(names.get(step, ""), step) for step in row[2]])
    return [
        Option(public_id, f"{_INDENT * (len(names.keys() & set(path)) - 1)}{name}")
        for public_id, name, path, _id in rows
    ]


def tag_options() -> list[Option]:
    """Return every tag, with its group."""
    tags = Tag.objects.select_related("group").order_by("group__position", "group__name", "name")
    return [Option(str(tag.pk), f"{tag.group.name} / {tag.name}") for tag in tags]


def _with_everything(members: QuerySet[Member]) -> QuerySet[Any]:
    return members.annotate(
        said=F("activity__messages"),
        spoke_at=F("activity__last_spoke_at"),
        seen_at=F("activity__last_seen_at"),
        first_at=F("activity__first_seen_at"),
    )


def _with_numbers_of(members: QuerySet[Member], communities: frozenset[int]) -> QuerySet[Any]:
    here = Membership.objects.filter(member=OuterRef("pk"), community__in=communities).order_by().values("member")
    last = Greatest("first_seen_at", "last_joined_at", "last_left_at", "last_spoke_at", "last_listed_at")
    return members.annotate(
        said=Subquery(here.annotate(n=Sum("messages")).values("n"), output_field=IntegerField()),
        spoke_at=Subquery(here.annotate(n=Max("last_spoke_at")).values("n")),
        seen_at=Subquery(here.annotate(n=Max(last)).values("n")),
        first_at=Subquery(here.annotate(n=Min("first_seen_at")).values("n")),
    )


def _with_all_trade(members: QuerySet[Any]) -> QuerySet[Any]:
    annotated: QuerySet[Any] = members.annotate(
        bought=F("buyer__orders"), spent=F("buyer__paid") - F("buyer__refunded")
    )
    return annotated


def _with_trade_of(members: QuerySet[Any], communities: frozenset[int]) -> QuerySet[Any]:
    if not communities:
        nothing: QuerySet[Any] = members.annotate(
            bought=Value(None, IntegerField()), spent=Value(None, BigIntegerField())
        )
        return nothing
    paid = (
        Order.objects.filter(Q(member=OuterRef("pk")) | Q(member__canonical=OuterRef("pk")), community__in=communities)
        .exclude(status__in=UNPAID)
        .order_by()
    )
    # An aggregate written as a plain function has no GROUP BY, so that somebody without orders has NULL, not no row.
    count = Func(F("pk"), template="nullif(count(%(expressions)s), 0)", output_field=IntegerField())
    total = Func(F("amount") - F("refunded"), function="sum", output_field=BigIntegerField())
    annotated: QuerySet[Any] = members.annotate(
        bought=Subquery(paid.annotate(n=count).values("n"), output_field=IntegerField()),
        spent=Subquery(paid.filter(currency="CNY").annotate(n=total).values("n"), output_field=BigIntegerField()),
    )
    return annotated


def _prefetched(communities: frozenset[int] | None) -> list[Prefetch[Any]]:
    there = Membership.objects.filter(is_present=True).select_related("community").order_by("-last_spoke_at", "id")
    if communities is not None:
        there = there.filter(community__in=communities)
    held = Prefetch("member_tags", queries.counting(clock.now()).select_related("tag"), to_attr="shown_tags")
    return [
        Prefetch("memberships", there, to_attr="shown_memberships"),
        held,
        Prefetch("records", Member.objects.only("id", "canonical_id").prefetch_related(held)),
    ]


def _chosen_communities(access: Access, public_id: str) -> frozenset[int] | None:
    """Return the community the address names, with what is below it; None when it names none this person may see."""
    seen = access.communities(MEMBERS_VIEW)
    root = seen.filter(public_id=public_id).values_list("id", flat=True).first() if public_id else None
    return None if root is None else frozenset(seen.filter(path__contains=[root]).values_list("id", flat=True))


def _memberships(access: Access, communities: frozenset[int] | None) -> QuerySet[Membership]:
    there = Membership.objects.filter(member=OuterRef("pk"))
    reach = communities if communities is not None else access.community_ids(MEMBERS_VIEW)
    return there if reach is None else there.filter(community__in=reach)


def _named(with_contacts: bool, members: QuerySet[Any], text: str) -> QuerySet[Any]:
    return members.filter(queries.named(text, with_contacts=with_contacts, contact_kinds=CONTACT_KINDS))


def _in(communities: frozenset[int] | None, members: QuerySet[Any], _value: str) -> QuerySet[Any]:
    there = Membership.objects.filter(member=OuterRef("pk"), community__in=communities or frozenset())
    return members.filter(Exists(there))


def _present(access: Access, communities: frozenset[int] | None, members: QuerySet[Any], value: str) -> QuerySet[Any]:
    there = _memberships(access, communities)
    if value == LISTED:
        return members.filter(~Exists(there))
    if value == PRESENT:
        return members.filter(Exists(there.filter(is_present=True)))
    return members.filter(Exists(there), ~Exists(there.filter(is_present=True)))


def _silent(members: QuerySet[Any], value: bool) -> QuerySet[Any]:
    return members.filter(spoke_at__isnull=value)


def _joined(access: Access, communities: frozenset[int] | None, members: QuerySet[Any], value: Any) -> QuerySet[Any]:
    days = DateRange("joined", "", field="last_joined_at")
    return members.filter(Exists(days.apply(_memberships(access, communities), value)))
