from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
import time_machine
from pydantic import ValidationError
from pyroaring import BitMap

from liuliang.commerce.events import OrderClaimed, OrderRefunded
from liuliang.commerce.models import Buyer
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.segments.features import NEVER, read_features
from liuliang.segments.layering import dimensions
from liuliang.segments.models import LayerSize
from liuliang.segments.queries import members_of
from liuliang.segments.rules import read_rule
from liuliang.segments.services import create_segment
from liuliang.segments.standing import (
    change_rules,
    correct_layer,
    current,
    last_layering,
    newcomers,
    preview_rules,
    rules_of,
    standings,
    take_back_correction,
    work_out_layers,
)
from liuliang.segments.upkeep import work_out_due_layers

from .conftest import NOON


def layer_of(member, dimension="activity") -> str:
    return next((layer for layer, members in current(dimensions()[dimension]).items() if member.pk in members), "")


def moves() -> list[tuple[str, str, str]]:
    logged = LoggedEvent.objects.filter(kind="layer.moved").order_by("position")
    return [(e.data["before"], e.data["after"], e.data["cause"]) for e in logged if e.data["dimension"] == "activity"]


@pytest.fixture
def people(told, at):
    """One member of every activity layer."""
    group = told.community()
    found = {name: told.member(name) for name in ("new", "core", "active", "silent", "lost", "long_lost", "gone")}
    for name, member in found.items():
        told.joins(member, group, at(2026, 3, 8) if name == "new" else at(2025, 10, 1))
    for day in range(1, 10):
        told.says(found["core"], group, at(2026, 3, day))
    for name, day in (
        ("active", at(2026, 3, 1)),
        ("silent", at(2026, 2, 17)),
        ("lost", at(2026, 1, 20)),
        ("gone", at(2026, 3, 9)),
    ):
        told.says(found[name], group, day)
    told.leaves(found["gone"], group, at(2026, 3, 10))
    told.settle()
    return found


def test_activity_layers_follow_when_and_how_often_somebody_was_heard(people):
    assert work_out_layers(at=NOON)
    expected = {name: name for name in people} | {"gone": "lost"}
    assert {name: layer_of(member) for name, member in people.items()} == expected
    assert moves() == [], "nobody moved into the first layers there ever were"
    assert not work_out_layers(at=NOON), "nothing has changed"
    sizes = LayerSize.objects.filter(dimension="activity").values_list("layer", "size")
    assert dict(sizes) == {"new": 1, "core": 1, "active": 1, "silent": 1, "lost": 2, "long_lost": 1}
    for member in people.values():
        for standing in standings(member.pk, at=NOON):
            assert standing.reason


def test_what_was_worked_out_says_of_whom(told, people):
    told.member("只下过单")
    told.member("机器人", is_bot=True)
    work_out_layers(at=NOON)
    last = last_layering()
    assert last is not None
    assert (last.people, last.here, last.gone) == (8, 6, 1)
    assert newcomers(last) == 0
    told.member("刚来的")
    assert newcomers(last) == 1


def test_the_first_people_get_their_layers_at_once_and_not_with_the_next_hour(told, at):
    with time_machine.travel(NOON, tick=False):
        work_out_due_layers()
    assert last_layering() is None, "nobody was there"
    told.says(told.member(), told.community(), at(2026, 3, 9))
    told.settle()
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        work_out_due_layers()
    last = last_layering()
    assert last is not None
    assert (last.people, last.here) == (1, 1)


def test_time_and_events_move_people_and_segments_follow(told, people):
    work_out_layers(at=NOON)
    silent = create_segment(
        "沉默的",
        read_rule({"if": "layer", "dimension": "activity", "layers": ["silent"]}),
        community=None,
        at=NOON,
    )
    assert set(members_of(silent)) == {people["silent"].pk}
    later = NOON + timedelta(days=10)
    with time_machine.travel(later, tick=False):
        assert work_out_layers(at=later)
    assert ("silent", "lost", "day") in moves()
    assert ("new", "active", "day") in moves()
    silent.refresh_from_db()
    assert set(members_of(silent)) == {people["active"].pk}


def test_other_rules_are_previewed_then_set(people):
    work_out_layers(at=NOON)
    activity = dimensions()["activity"]
    loose = activity.config(active_days=25, silent_days=60)
    preview = preview_rules(activity, loose, at=NOON)
    assert {move: list(members) for move, members in preview.moves.items()} == {
        ("silent", "active"): [people["silent"].pk],
        ("lost", "silent"): [people["lost"].pk],
    }
    assert layer_of(people["silent"]) == "silent", "a preview changes nothing"
    change_rules(activity, loose, at=NOON)
    assert rules_of(activity) == loose
    assert sorted(moves()) == [("lost", "silent", "rule"), ("silent", "active", "rule")]
    with pytest.raises(ValidationError):
        activity.config(active_days=40, silent_days=30)


def test_a_correction_holds_until_it_is_taken_back(people):
    work_out_layers(at=NOON)
    activity, member = dimensions()["activity"], people["silent"]
    correct_layer(member.pk, activity, "core", reason="线下常来", at=NOON)
    assert moves() == [("silent", "core", "staff")]
    work_out_layers(at=NOON + timedelta(days=1))
    assert layer_of(member) == "core"
    (standing,) = [one for one in standings(member.pk, at=NOON) if one.dimension is activity]
    assert standing.correction
    assert standing.correction.reason == "线下常来"
    take_back_correction(member.pk, activity, at=NOON)
    assert layer_of(member) == "silent"
    with pytest.raises(Refused, match="layer_unknown"):
        correct_layer(member.pk, activity, "sleepy", reason="", at=NOON)
    erase_member(member.pk, at=NOON)
    with pytest.raises(Refused, match="erased"):
        correct_layer(member.pk, activity, "core", reason="", at=NOON)


def test_value_is_recency_frequency_and_money_against_the_bounds(told, at):
    group = told.community()
    names = {
        "champion": [(1, 50_000), (5, 50_000)],
        "newcomer": [(3, 900)],
        "win_back": [(200, 90_000)],
        "fading": [(150, 100), (160, 100)],
    }
    found = {name: told.member(name) for name in [*names, "none"]}
    for name, orders in names.items():
        for days, amount in orders:
            told.buys(found[name], NOON - timedelta(days=days), amount)
    told.joins(found["none"], group, at(2026, 3, 1))
    told.settle()
    value = dimensions()["value"]
    change_rules(value, value.config(yuan=500), at=NOON)
    assert {name: layer_of(member, "value") for name, member in found.items()} == {name: name for name in found}
    assert layer_of(found["champion"], "loyalty") == "habitual"
    assert layer_of(found["newcomer"], "loyalty") == "price_driven"
    assert layer_of(found["none"], "loyalty") == ""
    assert layer_of(found["champion"], "fan") == "investor"


def test_money_is_what_was_paid_in_yuan_less_what_went_back_whoever_paid_it_first(told, at):
    here = told.community()
    abroad, claimer, returner, shopper = (told.member(name) for name in ("外币", "认领", "退了", "买过"))
    for member in (abroad, claimer, returner, shopper):
        told.joins(member, here, at(2026, 3, 1))
    told.buys(abroad, at(2026, 3, 2), 90_000, currency="USD")
    told.happened(OrderClaimed(order=7, amount=20_000, refunded=1_000), at(2026, 3, 2), claimer, None)
    order = told.buys(returner, at(2026, 3, 2), 30_000)
    told.happened(OrderRefunded(order.id, 10_000), at(2026, 3, 2), returner, None)
    told.buys(shopper, at(2026, 3, 2), 5_000)
    told.settle()

    everyone = read_features(NOON)

    assert dict(zip(everyone.member.tolist(), everyone.paid.tolist(), strict=True)) == {
        abroad.pk: 0, claimer.pk: 19_000, returner.pk: 20_000, shopper.pk: 5_000,
    }  # fmt: skip
    assert everyone.orders.tolist() == [1, 1, 1, 1]
    # It is what the member's page and the list of members say.
    for member, paid, refunded in Buyer.objects.values_list("member", "paid", "refunded"):
        assert read_features(NOON, BitMap([member])).paid.tolist() == [paid - refunded]


def test_features_are_of_persons_and_the_same_for_one_as_for_all(told, at):
    group = told.community()
    first, second, record = told.member("甲"), told.member("乙"), told.member("小号")
    told.joins(second, group, at(2026, 3, 1), first)
    for number in range(4):
        told.says(
            first, group, at(2026, 3, 5, number), "怎么冲？建议出小包装 https://a.example", reply_member=second.pk
        )
        told.says(record, group, at(2026, 3, 6, number), "好", reply_member=first.pk)
    told.settle()
    merge_members(record.pk, second.pk, at=NOON)
    told.settle()
    everyone = read_features(NOON)
    assert everyone.member.tolist() == [first.pk, second.pk]
    assert everyone.messages_90.tolist() == [4, 4]
    assert everyone.active_days_30.tolist() == [1, 1]
    assert everyone.invited.tolist() == [1, 0]
    assert everyone.questions_90.tolist() == [4, 0]
    assert everyone.feedback_90.tolist() == [4, 0]
    assert everyone.links_90.tolist() == [4, 0]
    assert everyone.mutual_90.tolist() == everyone.answerers_90.tolist() == [1, 1]
    assert everyone.bought_days_ago.tolist() == [NEVER, NEVER]
    from dataclasses import fields

    from pyroaring import BitMap

    alone = read_features(NOON, BitMap([second.pk]))
    for field in fields(everyone):
        assert np.array_equal(getattr(alone, field.name), getattr(everyone, field.name)[1:]), field.name


def test_nobody_is_said_to_have_no_ties_where_no_reply_is_on_record(told, at):
    group = told.community()
    silent, answered, answers = told.member("没有回复标记"), told.member("有人回"), told.member("回人的")
    for member in (silent, answered, answers):
        told.says(member, group, at(2026, 3, 5), "早上好")
    told.says(answers, group, at(2026, 3, 6), "好", reply_member=answered.pk)
    told.settle()

    reasons = {
        (key, member.name): dimension.reason(
            people := read_features(NOON, BitMap([member.pk])),
            dimension.config(),
            dimension.norms(people, dimension.config()),
        )
        for key in ("circle", "role")
        for dimension in [dimensions()[key]]
        for member in (silent, answered)
    }

    for key in ("circle", "role"):
        assert "记录里看不到谁回复谁" in reasons[key, "没有回复标记"]
        assert "0 个人" not in reasons[key, "没有回复标记"]
    assert "与 0 个人有来有往" in reasons["circle", "有人回"]
    assert "1 个人回复过" in reasons["role", "有人回"]


def test_every_dimension_has_words_for_its_layers_and_thresholds():
    for dimension in dimensions():
        assert set(dimension.titles) == set(dimension.config.model_fields)
        for layer in dimension.layers.values():
            assert str(layer.title)
            assert str(layer.meaning)
