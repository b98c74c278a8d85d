"""The whole way a user's files go: exported, imported, folded, sealed; and then what the product says is what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache

from liuliang.analytics import traffic
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope
from liuliang.commerce.models import Order
from liuliang.importers import services
from liuliang.importers.models import Import
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up, readers
from liuliang.people.models import Community, Identity, Member, Membership
from liuliang.simulator import World, simulate, surveys, truth, write
from liuliang.simulator.identities import distinct_people


@dataclass(frozen=True)
class Imported:
    world: World
    imports: tuple[Import, ...]
    communities: dict[int, Community]


def bring_in(paths: list[Path]) -> tuple[Import, ...]:
    imports = []
    for path in paths:
        with path.open("rb") as stream:
            row = services.receive(stream, path.name)
        assert services.examine(row) is not None, path.name
        services.queue(row)
        imports.append(services.run(row.pk))
    for reader in readers():
        catch_up(reader)
    cache.clear()
    return tuple(imports)


@pytest.fixture
def imported(transactional_db: None, tmp_path: Path) -> Iterator[Imported]:
    cache.clear()
    world = simulate(ending=date(2026, 3, 1), seed=11, days=40, people=260)
    # Telegram's file is always called result.json, its title stands inside; the others may be named after their file.
    imports = bring_in(write(world, tmp_path / "files"))
    communities = {each.key: Community.objects.get(name=each.title) for each in world.communities}
    yield Imported(world, imports, communities)
    cache.clear()


def when(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def test_the_product_says_what_is_true(imported: Imported, tmp_path: Path) -> None:
    world = imported.world
    assert {row.source for row in imported.imports} == {each.source for each in world.communities} | {
        "members_table",
        "orders_table",
        "scores_table",
    }
    assert all(row.state == "done" and row.unreadable == 0 for row in imported.imports)

    assert Member.objects.filter(canonical=None).count() == distinct_people(world)
    for key, community in imported.communities.items():
        rows = Membership.objects.filter(community=community)
        assert rows.count() == sum(1 for row in world.memberships if row.community == key)
        assert rows.filter(is_present=True).count() == len(truth.members_at(world, key, world.exported_at))
        assert rows.filter(is_present=True, messages=0).count() == len(truth.never_spoke(world, key))
        busiest = [count for _, count in truth.top_speakers(world, key, 5)]
        assert list(rows.order_by("-messages").values_list("messages", flat=True)[:5]) == busiest

    period = Period(world.starting, world.starting + timedelta(days=world.days - 1))
    for key, community in imported.communities.items():
        days = traffic.activity(Scope.of([(community.id, community.timezone)]), period).now
        said, spoke = truth.messages_per_day(world, key), truth.speakers_per_day(world, key)
        came, went = truth.joins_per_day(world, key), truth.leaves_per_day(world, key)
        for day in days:
            assert day.messages == said[day.day]
            assert day.speakers == len(spoke.get(day.day, ()))
            assert day.joined == came[day.day]
            assert day.left == went[day.day]

    orders = {order.number: order for order in Order.objects.all()}
    assert len(orders) == len(world.orders)
    for order in world.orders:
        found = orders[order.number]
        assert (found.amount, found.refunded, found.at) == (order.amount, order.refunded, when(order.at))
        identity = Identity.objects.select_related("member").get(kind="phone", value=order.phone)
        assert found.member is not None
        assert (found.member.canonical or found.member) == (identity.member.canonical or identity.member)

    said = {
        (world.people[answer.person].phone, when(answer.at)): (answer.score, answer.comment)
        for answer in surveys.answers(world)
    }
    told = LoggedEvent.objects.filter(kind="survey.answered")
    phones = dict(Identity.objects.filter(kind="phone").values_list("member__canonical", "value")) | dict(
        Identity.objects.filter(kind="phone").values_list("member", "value")
    )
    assert said
    assert {(phones[row.member], row.occurred_at): (row.data["score"], row.data["comment"]) for row in told} == said

    members, orders_before = Member.objects.count(), len(orders)
    again = bring_in(write(world, tmp_path / "again"))
    assert all(row.counts.get("added", 0) == 0 for row in again)
    assert (Member.objects.count(), Order.objects.count()) == (members, orders_before)
