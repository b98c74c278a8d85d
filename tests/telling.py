"""Small communities told by hand, and the invented brand's world, both through the real log, projections and lake.

For the tests of figures and of the pages that show them: put this folder on the path and import from here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache

from liuliang.analytics.scopes import Scope
from liuliang.commerce.events import OrderPaid
from liuliang.commerce.models import Order
from liuliang.kernel import clock
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import append
from liuliang.kernel.readers import catch_up, readers
from liuliang.people.events import MemberJoined, MemberLeft, MessageSent, SurveyAnswered
from liuliang.people.models import Community, Member
from liuliang.people.questions import is_question
from liuliang.simulator import surveys, truth
from liuliang.simulator.world import World

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Told:
    """Tells facts to the log in few words; `settle` makes projections and lake know them."""

    facts: list[Fact] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def community(self, name: str = "读书群", timezone: str = "Asia/Shanghai") -> Community:
        made = Community.objects.create(name=name, type="interest", timezone=timezone, created_at=FOUNDED)
        made.path = [made.id]
        made.save()
        return made

    def member(self, name: str = "小满", *, is_bot: bool = False) -> Member:
        return Member.objects.create(name=name, created_at=FOUNDED, is_bot=is_bot)

    def happened(self, payload: Event, at: datetime, member: Member | None, community: Community | int | None) -> None:
        self.facts.append(
            Fact(
                payload,
                at,
                "told",
                str(next(self.numbers)),
                member.id if member is not None else None,
                community.id if isinstance(community, Community) else community,
            )
        )

    def says(self, member: Member, community: Community, at: datetime, text: str = "嗯", **more: object) -> None:
        self.happened(MessageSent(text=text, is_question=is_question(text), **more), at, member, community)

    def joins(self, member: Member, community: Community, at: datetime, inviter: Member | None = None) -> None:
        self.happened(MemberJoined(inviter=inviter.id if inviter else None), at, member, community)

    def leaves(self, member: Member, community: Community, at: datetime) -> None:
        self.happened(MemberLeft(), at, member, community)

    def answers(
        self, member: Member, at: datetime, score: int, community: Community | None = None, **more: object
    ) -> None:
        self.happened(SurveyAnswered(score, **more), at, member, community)

    def buys(self, member: Member | None, at: datetime, amount: int, **more: object) -> Order:
        number = str(next(self.numbers))
        order = Order.objects.create(source="shop", number=number, member=member, at=at, amount=amount, **more)
        if order.status not in {"unpaid", "cancelled"}:
            self.happened(
                OrderPaid(order.id, amount, order.currency, order.product, order.quantity), at, member, order.community
            )
        return order

    def settle(self) -> None:
        """Append what was told, let every reader catch up, and forget all answers."""
        self.follow()
        cache.clear()

    def follow(self) -> None:
        """Append what was told, and let every reader catch up."""
        append(self.facts)
        self.facts = []
        for reader in readers():
            catch_up(reader)


def local(*parts: int, zone: str = "Asia/Shanghai") -> datetime:
    """Return an instant given as local time."""
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def emptied() -> Iterator[Told]:
    """Give somebody to tell with, and forget everything afterwards; the body of a fixture."""
    cache.clear()
    yield Told()
    cache.clear()


@pytest.fixture
def told(transactional_db: None) -> Iterator[Told]:
    """Give somebody to tell with to a test whose story the lake will know."""
    yield from emptied()


@pytest.fixture
def at() -> Callable[..., datetime]:
    return local


def scope_of(*communities: Community) -> Scope:
    return Scope.of([(community.id, community.timezone) for community in communities])


ENDING = date(2026, 3, 2)


@dataclass
class Simulated:
    """The invented world, and which community and member each of its keys became."""

    world: World
    communities: dict[int, Community]
    members: dict[int, Member]

    @property
    def scope(self) -> Scope:
        return Scope.of([(each.id, each.timezone) for each in self.communities.values()], is_everything=True)

    def one(self, key: int) -> Scope:
        return scope_of(self.communities[key])


def tell_world(told: Told, world: World) -> Simulated:
    """Tell the whole world to the log, without any file between."""
    communities = {each.key: told.community(each.title, each.timezone) for each in world.communities}
    people = [Member(name=each.names.get("wechat", each.real_name), created_at=FOUNDED) for each in world.people]
    members = {
        person.key: member for person, member in zip(world.people, Member.objects.bulk_create(people), strict=True)
    }

    def when(at: int) -> datetime:
        return datetime.fromtimestamp(at, UTC)

    for join in world.joins:
        if join.is_told:
            inviter = None if join.inviter is None else members[join.inviter]
            told.joins(members[join.person], communities[join.community], when(join.at), inviter)
    for leave in world.leaves:
        told.leaves(members[leave.person], communities[leave.community], when(leave.at))
    for message in world.messages:
        kind = message.kind if message.kind in {"text", "image", "voice"} else "other"
        links = tuple(truth._LINK.findall(message.text))
        speaker, community = members[message.person], communities[message.community]
        told.says(speaker, community, when(message.at), message.text, type=kind, links=links)
    for order in world.orders:
        status = "cancelled" if order.status == "已取消" else "paid"
        buyer = None if order.person is None else members[order.person]
        told.buys(buyer, when(order.at), order.amount, refunded=order.refunded, product=order.product, status=status)
    for answer in surveys.answers(world):
        told.answers(
            members[answer.person], when(answer.at), answer.score, survey=surveys.SURVEY, comment=answer.comment
        )
    told.settle()
    return Simulated(world, communities, members)


def tell_shoppers(told: Told) -> Community:
    """Tell of a group of 160 who each come on some days of four months to buy and to speak, and some of whom stop."""
    dice = random.Random(3)
    group = told.community()
    for number in range(160):
        member = told.member(f"客{number}")
        day, until, pace = dice.randrange(40), dice.choice([50, 119, 119]), dice.choice([6, 15, 30])
        while day <= until:
            at = clock.now() - timedelta(days=127 - day)
            told.says(member, group, at)
            told.buys(member, at, dice.randrange(1_000, 9_000), community=group)
            day += 1 + int(dice.expovariate(1 / pace))
    told.settle()
    return group
