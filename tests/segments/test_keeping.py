"""Dynamic segments, kept by what events touch, against working everything out from nothing."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from liuliang.commerce.events import OrderRefunded
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import advance, readers
from liuliang.lake.sealer import Sealer
from liuliang.lake.verifying import reseal
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.refunds import refund
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members, split_member
from liuliang.people.models import Community, Member, Merge, Tag, TagGroup
from liuliang.people.profile import define_attribute, set_attribute
from liuliang.people.tagging import drop_expired, tag_members, untag_members
from liuliang.segments import evaluating, keeping
from liuliang.segments.evaluating import context_of, evaluate, everybody, with_held
from liuliang.segments.keeping import hold
from liuliang.segments.models import KeptLeaf, Segment
from liuliang.segments.queries import members_of
from liuliang.segments.rules import combine, leaves, read_rule
from liuliang.segments.services import change_segment, create_list, create_segment, delete_segment
from liuliang.segments.standing import last_layering
from liuliang.segments.upkeep import work_out_due_layers
from telling import Told

from .conftest import NOON

_CAUSES = itertools.count(1)
SPOKE = {"if": "behaviour", "kind": "message.sent", "within": {"last_days": 3}}
BOUGHT = {"if": "orders"}


def fresh(segment: Segment, at: datetime) -> BitMap:
    """Work a segment out from nothing."""
    rule = read_rule(segment.rule)
    context = with_held(context_of(segment.community_id, at), list(leaves(rule)))
    return combine(rule, evaluate(leaves(rule), context).__getitem__, everybody(context))


def kinds_of(segment: Segment) -> list[tuple[str, int, str]]:
    logged = LoggedEvent.objects.filter(kind__startswith="segment.").order_by("position")
    return [(event.kind, event.member, event.data["cause"]) for event in logged if event.data["segment"] == segment.pk]


def test_who_comes_and_goes_by_events_and_by_time_is_logged(told, at):
    group = told.community()
    first, second = told.member("甲"), told.member("乙")
    told.says(first, group, at(2026, 3, 9))
    told.settle()
    with time_machine.travel(NOON, tick=False):
        segment = create_segment("最近说话", read_rule(SPOKE), community=None, at=NOON)
        assert set(members_of(segment)) == {first.pk}
        assert kinds_of(segment) == [], "who was there from the beginning has not come in"
        told.says(second, group, NOON)
        told.settle()
        segment.refresh_from_db()
        assert set(members_of(segment)) == {first.pk, second.pk}
        assert kinds_of(segment) == [("segment.entered", second.pk, "event")]
    two_days_on = NOON + timedelta(days=2)
    with time_machine.travel(two_days_on, tick=False), transaction.atomic():
        hold(two_days_on)
    segment.refresh_from_db()
    assert set(members_of(segment)) == {second.pk}
    assert kinds_of(segment)[1:] == [("segment.left", first.pk, "time")]
    assert [(size.entered, size.left, size.size) for size in segment.sizes.order_by("day")] == [(1, 0, 2), (0, 1, 1)]


def test_an_event_touches_only_the_conditions_of_its_kind(told, at, monkeypatch):
    group, member = told.community(), told.member()
    told.says(member, group, at(2026, 3, 9))
    told.buys(member, at(2026, 3, 9), 100)
    told.settle()
    with time_machine.travel(NOON, tick=False):
        create_segment("说过", read_rule(SPOKE), community=None, at=NOON)
        create_segment("买过", read_rule(BOUGHT), community=None, at=NOON)
        asked: list[str] = []
        honest = keeping.evaluate

        def watched(found, *rest):
            found = list(found)
            asked.extend(leaf.condition.key for leaf in found)
            return honest(found, *rest)

        monkeypatch.setattr(keeping, "evaluate", watched)
        told.buys(member, NOON, 100)
        told.settle()
        assert asked == ["orders"], "and not how often the member spoke"


ASKED = {"if": "behaviour", "kind": "message.sent", "properties": [{"field": "is_question", "value": "true"}]}


def test_what_one_event_decides_is_told_by_the_new_events_alone(told, at, monkeypatch):
    group = told.community()
    early, late, quiet = told.member("早问"), told.member("晚问"), told.member("不问")
    told.says(early, group, at(2026, 3, 8), "怎么泡？")
    told.says(late, group, at(2026, 3, 8))
    told.settle()
    statements: list[str] = []
    honest = evaluating.query_sets
    monkeypatch.setattr(
        evaluating, "query_sets", lambda text, *rest, **more: statements.append(text) or honest(text, *rest, **more)
    )
    with time_machine.travel(NOON, tick=False):
        inside = create_segment("问过", read_rule(ASKED), community=None, at=NOON)
        outside = create_segment(
            "没问过", read_rule(ASKED | {"compare": "exactly", "number": 0}), community=None, at=NOON
        )
        twice = create_segment("问过两次", read_rule(ASKED | {"number": 2}), community=None, at=NOON)
        statements.clear()
        for member in (late, early):
            # An old message that comes late counts as well: what matters is when it came into the log.
            told.says(member, group, at(2026, 3, 1), "多少钱？")
        told.says(quiet, group, NOON)
        told.settle()
        (decided,) = [text for text in statements if "position >=" in text]
        assert len(statements) == 2
        assert decided.count("groupBitmapStateIf") == 2
        expected = {inside: {early.pk, late.pk}, outside: {quiet.pk}, twice: {early.pk}}
        for segment, members in expected.items():
            segment.refresh_from_db()
            assert set(members_of(segment)) == members
        merge_members(late.pk, quiet.pk, at=NOON)
        told.settle()
        outside.refresh_from_db()
        assert not members_of(outside), "whoever is one with somebody who asked has asked"


def test_a_changed_rule_moves_people_for_that_reason_and_a_list_stays(told, at):
    group = told.community()
    first, second = told.member("甲"), told.member("乙")
    told.says(first, group, at(2026, 3, 9))
    told.buys(second, at(2026, 3, 9), 100)
    told.settle()
    segment = create_segment("人群", read_rule(SPOKE), community=None, at=NOON)
    still = create_segment("那时", read_rule(SPOKE), community=None, at=NOON, is_dynamic=False)
    chosen = create_list("名单", [first.pk, second.pk, 10**6], community=None, at=NOON)
    assert chosen.size == 2
    segment = change_segment(segment, name="人群", rule=read_rule(BOUGHT), at=NOON, is_dynamic=True)
    assert set(members_of(segment)) == {second.pk}
    assert kinds_of(segment) == [("segment.entered", second.pk, "rule"), ("segment.left", first.pk, "rule")]
    assert KeptLeaf.objects.count() == 2, "the people, and the one condition in use"
    told.says(second, group, NOON)
    told.settle()
    still.refresh_from_db()
    assert set(members_of(still)) == {first.pk}
    merge_members(first.pk, second.pk, at=NOON)
    told.settle()
    for each in (still, chosen):
        each.refresh_from_db()
        assert set(members_of(each)) == {second.pk}
    erase_member(second.pk, at=NOON)
    told.settle()
    chosen.refresh_from_db()
    assert chosen.size == 0


def test_segments_follow_the_segments_they_name_and_circles_are_refused(told, at):
    group = told.community()
    member, fan = told.member("甲"), told.member("乙")
    told.settle()
    base = create_segment("说过", read_rule(SPOKE), community=None, at=NOON)
    named = {"if": "segment", "segment": base.pk}
    outside = create_segment("没说过", read_rule({"not": named}), community=None, at=NOON)
    fans = create_segment("回过他们", read_rule({"if": "relation", "segment": base.pk}), community=None, at=NOON)
    with time_machine.travel(NOON, tick=False):
        told.says(fan, group, at(2026, 2, 1), reply_member=member.pk)
        told.says(member, group, NOON)
        told.settle()
    outside.refresh_from_db()
    fans.refresh_from_db()
    assert set(members_of(outside)) == {fan.pk}
    assert set(members_of(fans)) == {fan.pk}
    back = read_rule({"any": [SPOKE, {"if": "segment", "segment": outside.pk}]})
    for rule in (back, read_rule(named)):
        with pytest.raises(Refused, match="circle"):
            change_segment(base, name="说过", rule=rule, at=NOON, is_dynamic=True)
    with pytest.raises(Refused, match="in_use"):
        delete_segment(base, at=NOON)
    delete_segment(outside, at=NOON)
    delete_segment(fans, at=NOON)
    delete_segment(base, at=NOON)
    assert not KeptLeaf.objects.exists()


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"if": "tag", "tags": [10**8]}, "segment.tag_gone"),
        ({"if": "behaviour", "kind": "moon.landed"}, "segment.event_unknown"),
        ({"if": "behaviour", "kind": "segment.entered"}, "segment.event_unknown"),
        ({"if": "silence", "kinds": ["moon.landed"]}, "segment.event_unknown"),
        ({"if": "membership", "communities": [10**8]}, "segment.community_gone"),
        ({"if": "segment", "segment": 10**8}, "segment.segment_gone"),
        ({"if": "layer", "dimension": "activity", "layers": ["sleepy"]}, "segment.layer_unknown"),
        ({"all": []}, "segment.rule_empty"),
        ({"any": [SPOKE, {"all": []}]}, "segment.rule_empty"),
        (SPOKE | {"properties": [{"field": "colour", "value": "x"}]}, "segment.property_wrong"),
        (SPOKE | {"properties": [{"field": "text", "operator": "at_least", "value": "1"}]}, "segment.property_wrong"),
        ({"if": "sequence", "steps": [{"kind": "message.sent"}, {"kind": "moon.landed"}]}, "segment.event_unknown"),
    ],
)
def test_rules_about_what_is_not_there_are_refused_and_change_nothing(db, rule, code):
    with pytest.raises(Refused) as refusal:
        create_segment("人群", read_rule(rule), community=None, at=NOON)
    assert refusal.value.code == code
    assert not Segment.objects.exists()


def conditions_of(world: World) -> st.SearchStrategy[dict[str, Any]]:
    places = st.sampled_from([[], [world.groups[0].pk], [world.groups[1].pk]])
    windows = st.sampled_from([{}, {"last_days": 1}, {"last_days": 3}, {"since": "2026-03-09", "until": "2026-03-11"}])
    kinds = st.sampled_from(["message.sent", "member.joined", "order.paid", "member.tagged"])
    compares = st.sampled_from(["at_least", "at_most", "exactly"])
    steps = st.lists(
        st.fixed_dictionaries({"kind": kinds}, optional={"within_days": st.integers(1, 3)}), min_size=2, max_size=3
    )
    return st.one_of(
        st.fixed_dictionaries(
            {"if": st.just("behaviour"), "kind": kinds},
            optional={
                "communities": places,
                "within": windows,
                "compare": compares,
                "number": st.integers(0, 2),
                "count": st.sampled_from(["times", "days"]),
            },
        ),
        st.fixed_dictionaries(
            {
                "if": st.just("behaviour"),
                "kind": st.just("message.sent"),
                "properties": st.just([{"field": "is_question", "value": "true"}]),
            },
            optional={"compare": compares, "number": st.integers(0, 2), "within": windows, "communities": places},
        ),
        st.fixed_dictionaries(
            {"if": st.just("silence"), "days": st.integers(1, 4)}, optional={"including_never": st.booleans()}
        ),
        st.fixed_dictionaries({"if": st.just("sequence"), "steps": steps}, optional={"within": windows}),
        st.fixed_dictionaries(
            {"if": st.just("orders")},
            optional={
                "measure": st.sampled_from(["orders", "amount", "days_since"]),
                "compare": compares,
                "number": st.sampled_from([0, 1, 2, 300]),
                "within": windows,
            },
        ),
        st.fixed_dictionaries(
            {"if": st.just("membership")},
            optional={
                "state": st.sampled_from(["in", "left", "ever"]),
                "communities": places,
                "at_least_days": st.integers(0, 3),
            },
        ),
        st.fixed_dictionaries(
            {"if": st.just("invites")},
            optional={
                "who": st.sampled_from(["invited", "stayed"]),
                "compare": compares,
                "number": st.integers(0, 2),
                "last_days": st.integers(1, 3),
            },
        ),
        st.fixed_dictionaries(
            {
                "if": st.just("tag"),
                "tags": st.sampled_from([[t.pk] for t in world.tags] + [[t.pk for t in world.tags]]),
            },
            optional={"match": st.sampled_from(["any", "all", "none"]), "expires_within_days": st.integers(1, 2)},
        ),
        st.fixed_dictionaries(
            {"if": st.just("attribute"), "attribute": st.just(world.attribute.key)},
            optional={"operator": st.sampled_from(["is", "is_not"]), "values": st.sampled_from([["甲"], ["乙"]])},
        ).map(lambda data: data | {"values": data.get("values", ["甲"])}),
        st.fixed_dictionaries(
            {
                "if": st.just("relation"),
                "segment": st.just(world.named.pk),
                "relation": st.sampled_from(["replied_to", "replied_by", "invited_by", "invited"]),
            },
            optional={"within": windows},
        ),
        st.just({"if": "segment", "segment": world.named.pk}),
        st.fixed_dictionaries(
            {"if": st.just("points")},
            optional={
                "measure": st.sampled_from(["balance", "earned", "spent"]),
                "compare": compares,
                "number": st.sampled_from([0, 1, 10, 30]),
                "within": windows,
            },
        ),
    )


class World:
    """A few people in two groups of different time zones, to whom anything may happen."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.now = NOON
        with time_machine.travel(NOON, tick=False):
            self.groups = [told.community("一群"), told.community("二群", "America/New_York")]
            self.members = [told.member(f"成员{number}") for number in range(6)]
            group = TagGroup.objects.create(name="组", is_exclusive=True)
            self.tags = [Tag.objects.create(group=group, name=name, created_at=NOON) for name in ("茶", "咖啡")]
            self.attribute = define_attribute("喜好")
            told.settle()
            self.named = create_segment("被指名的", read_rule(SPOKE), community=None, at=NOON)

    def happen(self, random: Random) -> None:
        """Let one thing happen."""
        member, other = random.choice(self.members), random.choice(self.members)
        group = random.choice(self.groups)
        at = self.now - timedelta(hours=random.choice([0, 0, 1, 20, 80]))
        text = random.choice(["怎么泡？", "好喝"])
        person = self.person(member)
        spoken = {"reply_member": random.choice([None, other.pk])}
        ends = random.choice([None, self.now + timedelta(hours=30)])
        random.choice(
            [
                lambda: self.told.says(member, group, at, text, **spoken),
                lambda: self.told.says(member, group, at, text),
                lambda: self.told.joins(member, group, at, random.choice([None, other])),
                lambda: self.told.leaves(member, group, at),
                lambda: self.buy(member, at, random),
                lambda: self.reward(person, at, random),
                lambda: tag_members([person], random.choice(self.tags), at=self.now, expires_at=ends),
                lambda: untag_members([person], random.choice(self.tags), at=self.now),
                lambda: set_attribute(person, self.attribute, random.choice(["甲", "乙", ""])),
                lambda: self.merge_or_split(member, other),
                lambda: self.come(group, at),
                lambda: drop_expired(at=self.now),
            ]
        )()

    def buy(self, member: Member, at: datetime, random: Random) -> None:
        order = self.told.buys(member, at, random.choice([100, 400]))
        if random.random() < 0.3:
            self.told.happened(OrderRefunded(order=order.pk, amount=100), at, member, None)

    def reward(self, person: int, at: datetime, random: Random) -> None:
        cause = f"told:{next(_CAUSES)}"
        earn([Reward(person, random.choice([10, 20]), cause, None)], at=at)
        if random.random() < 0.5:
            spend(person, 10, cause=f"{cause}:spent", at=at)
            if random.random() < 0.5:
                refund(f"{cause}:spent", cause=f"{cause}:back", at=at)

    def merge_or_split(self, member: Member, other: Member) -> None:
        standing = Merge.objects.filter(undone_at=None).first()
        if standing:
            split_member(standing.record_id, at=self.now)
        elif member != other:
            merge_members(member.pk, other.pk, at=self.now)

    def come(self, group: Community, at: datetime) -> None:
        self.members.append(self.told.member(f"新人{len(self.members)}"))
        self.told.joins(self.members[-1], group, at)

    def person(self, member: Member) -> int:
        found = Member.objects.get(pk=member.pk)
        return found.canonical_id or found.pk


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_kept_equals_what_is_worked_out_from_nothing(transactional_db, data):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE kernel_event")
        cursor.execute("TRUNCATE people_member, people_community, people_taggroup, people_attributedefinition CASCADE")
        cursor.execute("TRUNCATE segments_segment, segments_keptleaf, lake_lakefile, lake_lakealias CASCADE")
        cursor.execute("UPDATE kernel_cursor SET xid = 0, position = 0")
    told = Told()
    world = World(told)
    random = data.draw(st.randoms(use_true_random=False))
    leaf = conditions_of(world)
    rules = st.recursive(
        leaf,
        lambda part: st.one_of(
            st.lists(part, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(part, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            part.map(lambda one: {"not": one}),
        ),
        max_leaves=4,
    )
    segments = []
    for number, rule in enumerate(data.draw(st.lists(rules, min_size=1, max_size=4))):
        branch = data.draw(st.sampled_from([None, *world.groups]))
        if branch and any(refs.segments for refs in (part.refs for part in leaves(read_rule(rule)))):
            branch = None
        segments.append(create_segment(f"人群{number}", read_rule(rule), community=branch, at=NOON))
    for _step in range(data.draw(st.integers(1, 5))):
        world.now += timedelta(hours=random.choice([0, 0, 1, 13, 30]))
        with time_machine.travel(world.now, tick=False):
            for _ in range(random.randrange(4)):
                world.happen(random)
            told.settle()
            with transaction.atomic():
                hold(world.now)
            for segment in segments:
                segment.refresh_from_db()
                assert members_of(segment) == fresh(segment, world.now), segment.rule


def test_without_segments_the_log_is_passed_without_being_read(told, at, monkeypatch):
    from liuliang.segments import reactions

    monkeypatch.setattr(reactions, "read_touched", lambda window: pytest.fail("the window was read"))
    group = told.community()
    told.says(told.member(), group, at(2026, 3, 9))
    told.settle()


ASKED = {"if": "behaviour", "kind": "message.sent", "properties": [{"field": "is_question", "value": "true"}]}


def test_a_condition_that_could_not_be_worked_out_is_not_taken_for_whole_after_the_next_event(told, at, monkeypatch):
    group = told.community()
    people = [told.member(str(number)) for number in range(4)]
    for person in people:
        told.says(person, group, at(2026, 3, 8), "嗯")
    told.settle()
    with time_machine.travel(NOON, tick=False) as now:
        segment = create_segment("问过", read_rule(ASKED), community=None, at=NOON)

        def refuse(*_args: Any, **_named: Any) -> Any:
            raise Refused("lake.too_slow", seconds=20)

        with monkeypatch.context() as busy:
            busy.setattr(keeping, "MOST_ASKED", 2)
            busy.setattr(keeping, "evaluate", refuse)
            for person in people[:3]:
                told.says(person, group, at(2026, 3, 9), "多少钱？")
            told.settle()
        told.says(people[3], group, NOON, "多少钱？")
        told.settle()
        now.shift(timedelta(minutes=16))
        with transaction.atomic():
            hold(NOON + timedelta(minutes=16))
        segment.refresh_from_db()
        assert set(members_of(segment)) == {person.pk for person in people}


def test_nobody_leaves_while_the_lake_is_copied_anew(told, at, monkeypatch):
    group = told.community()
    first, second = told.member("甲"), told.member("乙")
    for person in (first, second):
        told.says(person, group, at(2026, 3, 8), "多少钱？")
        told.settle()
    with time_machine.travel(NOON, tick=False) as now:
        segment = create_segment("问过", read_rule(ASKED), community=None, at=NOON)
        reseal()
        monkeypatch.setattr(Sealer, "batch", 1)
        advance(next(reader for reader in readers() if reader.name == "lake"))
        with transaction.atomic():
            hold(NOON)
        segment.refresh_from_db()
        assert len(members_of(segment)) == 2
        work_out_due_layers()
        assert last_layering() is None
        meanwhile = create_segment("也问过", read_rule(ASKED | {"within": {"last_days": 9}}), community=None, at=NOON)
        assert len(members_of(meanwhile)) == 1, "of what is there again"
        told.settle()
        now.shift(timedelta(minutes=1))
        with transaction.atomic():
            hold(NOON + timedelta(minutes=1))
        for each in (segment, meanwhile):
            each.refresh_from_db()
            assert set(members_of(each)) == {first.pk, second.pk}
    assert kinds_of(segment) == []
