"""Members: who an identity belongs to, what points they have, and giving or taking some."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import Field, StringConstraints

from liuliang.accounts.permissions import MEMBERS_CONTACT, MEMBERS_VIEW, POINTS_ADJUST, POINTS_VIEW
from liuliang.api.operations import Answer, Asked, Call, Told, operation
from liuliang.api.v1.orders import ToldIdentity
from liuliang.kernel.errors import Refused
from liuliang.loyalty.adjusting import MOST_BY_HAND, adjust
from liuliang.loyalty.queries import balance_of, entries
from liuliang.people.identities import identity_key
from liuliang.people.models import Identity, Member


class MemberAnswer(Answer):
    """Somebody."""

    member: str
    """The public id, which other operations take."""
    name: str


class Ending(Answer):
    """Points that end with a day."""

    last_day: date | None
    """The last day on which they can be used; null for never."""
    points: int


class PointsAnswer(Answer):
    """What a member has."""

    available: int
    held: int
    """Reserved, and neither spent nor given back yet."""
    owed: int
    endings: tuple[Ending, ...]


class AskEntries(Asked):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    before: Annotated[str, StringConstraints(pattern=r"^\d{1,18}:-?\d{1,18}$")] | None = None
    """What the page before gave as ``next``."""


class Entry(Answer):
    """One line of a member's account."""

    id: int
    at: datetime
    kind: str
    amount: int
    """Negative for what went out."""
    balance: int
    """What there was after it."""
    cause: str
    last_day: date | None


class EntriesAnswer(Answer):
    """Lines of a member's account, the newest first."""

    entries: tuple[Entry, ...]
    next: str | None
    """What to ask for as ``before`` to go on; null at the end."""


class AdjustPoints(Told):
    """Points to give, or (negative) to take."""

    amount: Annotated[int, Field(ge=-MOST_BY_HAND, le=MOST_BY_HAND)]
    reason: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
    """Members and staff see it."""
    last_day: Annotated[date, Field(strict=False)] | None = None
    """The last day on which what is given can be used; left out for never."""


class AdjustmentAnswer(Answer):
    """What became of it."""

    adjustment: int
    state: str
    """``done``, or ``proposed`` while a second person has to agree."""
    available: int


@operation(
    "POST", "members/find", summary=_("按手机号、邮箱等找成员"), permissions=(MEMBERS_VIEW, MEMBERS_CONTACT),
    takes=ToldIdentity, answers=MemberAnswer,
)  # fmt: skip
def find_member(call: Call, told: ToldIdentity) -> MemberAnswer:
    """Return whom an identity belongs to. In the body, so that no number stands in a log of addresses."""
    key = identity_key(told.kind, told.value)
    known = Identity.objects.select_related("member").filter(kind=key.kind, value=key.value).first() if key else None
    found = call.access.member(known.member.public_id, MEMBERS_VIEW, MEMBERS_CONTACT) if known else None
    if found is None:
        raise Refused("member.unknown")
    return MemberAnswer(member=found.public_id, name=found.name)


@operation(
    "GET", "members/<str:member>/points", summary=_("查看成员的积分"), permissions=(MEMBERS_VIEW, POINTS_VIEW),
    answers=PointsAnswer,
)  # fmt: skip
def get_points(call: Call, member: Member) -> PointsAnswer:
    """Return what a member has."""
    del call
    told = balance_of(member.pk)
    endings = tuple(Ending(last_day=day, points=points) for day, points in told.endings)
    return PointsAnswer(available=told.available, held=told.held, owed=told.owed, endings=endings)


@operation(
    "GET", "members/<str:member>/points/entries", summary=_("查看成员的积分明细"), permissions=(MEMBERS_VIEW, POINTS_VIEW),
    asks=AskEntries, answers=EntriesAnswer,
)  # fmt: skip
def get_entries(call: Call, asked: AskEntries, member: Member) -> EntriesAnswer:
    """Return a page of what moved."""
    del call
    place: tuple[int, int] | None = None
    if asked.before is not None:
        transfer, _colon, balance = asked.before.partition(":")
        place = int(transfer), int(balance)
    page = entries(member.pk, before=place, size=asked.limit)
    shown = tuple(
        Entry(
            id=one.transfer, at=one.at, kind=one.kind, amount=one.amount, balance=one.after, cause=one.cause,
            last_day=one.ends_on,
        )
        for one in page.entries
    )  # fmt: skip
    return EntriesAnswer(entries=shown, next=f"{page.before[0]}:{page.before[1]}" if page.before else None)


@operation(
    "POST", "members/<str:member>/points/adjustments", summary=_("发放或扣除积分，超过审批线的等另一位同事同意"),
    permissions=(MEMBERS_VIEW, POINTS_ADJUST), takes=AdjustPoints, answers=AdjustmentAnswer, moves=True,
)  # fmt: skip
def adjust_points(call: Call, told: AdjustPoints, member: Member) -> AdjustmentAnswer:
    """Give or take points as whoever made the key would: above the limit somebody else has to agree."""
    row = adjust(member.pk, told.amount, reason=told.reason, at=call.at, ends_on=told.last_day)
    return AdjustmentAnswer(adjustment=row.pk, state=row.state, available=balance_of(member.pk).available)
