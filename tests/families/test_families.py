"""Families: who belongs where, who is asked over, and who came, from the log and against counting by hand."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

sys.path.insert(0, str(Path(__file__).parent.parent))

from pyroaring import BitMap

from liuliang.accounts.models import AuditEntry
from liuliang.families.belonging import REST, look_through, tiers_of
from liuliang.families.jobs import look
from liuliang.families.models import Family, Invitation, Tier, TierGroup
from liuliang.families.results import Result, results
from liuliang.families.services import (
    NewTier,
    change_family,
    decline,
    dissolve_family,
    invite,
    make_family,
    room,
    withdraw,
)
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.communities import archive_community
from liuliang.people.events import MemberListed, MemberRoleChanged
from liuliang.people.merging import merge_members
from liuliang.segments.events import LayerMoved, SegmentEntered
from liuliang.segments.layering import dimensions
from liuliang.segments.models import LayerSet, Segment
from liuliang.segments.naming import StoredNames
from liuliang.segments.rules import read_rule
from telling import Told, local

NOW = local(2026, 3, 10, 12)


def _layered(told: Told, **layers: list) -> None:
    """Put members into layers of activity as if they had been worked out."""
    for layer in dimensions()["activity"].layers:
        people = BitMap([each.id for each in layers.get(layer, [])])
        LayerSet.objects.update_or_create(
            dimension="activity", layer=layer, defaults={"members": people.serialize(), "size": len(people)}
        )


def _moved(told: Told, member, before: str, after: str, at) -> None:
    told.happened(LayerMoved("activity", before, after), at, member, None)


def _layer(*layers: str):
    return read_rule({"if": "layer", "dimension": "activity", "layers": list(layers)})


class Brand:
    """Three groups of a brand: core people's, newcomers', everybody else's."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.core, self.new, self.rest = (told.community(name) for name in ("核心群", "新人群", "大群"))

    def tiers(self, **more) -> list[NewTier]:
        return [
            NewTier("核心", _layer("core"), [self.core.id], **more),
            NewTier("新人", _layer("new"), [self.new.id]),
            NewTier("普通", None, [self.rest.id], invites=False),
        ]

    def family(self, **more) -> Family:
        return make_family("阅读家族", self.tiers(**more), steady_days=7, at=NOW)


def test_people_belong_in_the_first_tier_whose_rule_they_meet_and_are_asked_when_they_are_elsewhere(told):
    brand = Brand(told)
    names = ("在家", "该来", "新来", "走了", "群主", "外人", "机器人", "刚升", "掉了")
    people = {name: told.member(name, is_bot=name == "机器人") for name in names}
    for name in ("该来", "走了", "群主", "机器人", "刚升"):
        told.joins(people[name], brand.rest, NOW - timedelta(days=60))
    for name in ("在家", "掉了"):
        told.joins(people[name], brand.core, NOW - timedelta(days=60))
    told.joins(people["新来"], brand.rest, NOW - timedelta(days=3))
    told.leaves(people["走了"], brand.rest, NOW - timedelta(days=2))
    told.happened(MemberRoleChanged("owner"), NOW - timedelta(days=59), people["群主"], brand.rest)
    _moved(told, people["刚升"], "active", "core", NOW - timedelta(days=2))
    _moved(told, people["该来"], "active", "core", NOW - timedelta(days=8))
    told.settle()
    core = [people[name] for name in ("在家", "该来", "走了", "群主", "外人", "机器人", "刚升")]
    _layered(told, core=core, new=[people["新来"]], silent=[people["掉了"]])
    family = brand.family()
    found = look_through(family, at=NOW)
    top, new, rest = found.tiers

    def ids(*named: str) -> set[int]:
        return {people[name].id for name in named}

    assert set(top.belongs) == ids("在家", "该来", "走了", "群主", "外人", "刚升")
    assert set(top.inside) == ids("在家", "掉了")
    assert (set(top.movers), set(top.settling)) == (ids("该来"), ids("刚升"))
    assert (set(new.movers), set(rest.belongs)) == (ids("新来"), ids("掉了"))
    assert (set(top.astray), found.at_home(top)) == (ids("掉了"), 1)
    # The lowest tier asks nobody down.
    assert not rest.movers
    assert (found.to_invite, set(found.people)) == (2, ids("在家", "掉了", "该来", "群主", "刚升", "新来"))
    assert "核心" in found.reason(top, people["该来"].id, StoredNames())
    assert found.reason(rest, people["掉了"].id, StoredNames()) == ""
    assert set(look_through(family, at=NOW + timedelta(days=6)).tiers[0].movers) == ids("该来", "刚升")


def test_who_lately_fell_out_of_a_layer_is_not_yet_of_everybody_else(told):
    brand = Brand(told)
    fallen, long_gone = told.member("刚掉"), told.member("早掉")
    for each in (fallen, long_gone):
        told.joins(each, brand.core, NOW - timedelta(days=90))
    _moved(told, fallen, "core", "silent", NOW - timedelta(days=3))
    _moved(told, long_gone, "core", "silent", NOW - timedelta(days=30))
    # Going on from one layer that no tier names to another changes nothing.
    _moved(told, long_gone, "silent", "lost", NOW - timedelta(days=1))
    told.settle()
    _layered(told, silent=[fallen], lost=[long_gone])
    tiers = [*brand.tiers()[:2], NewTier("普通", None, [brand.rest.id])]
    rest = look_through(make_family("家族", tiers, steady_days=7, at=NOW), at=NOW).tiers[-1]
    assert (set(rest.movers), set(rest.settling)) == ({long_gone.id}, {fallen.id})


def test_a_tier_may_be_of_a_segment_and_its_coming_and_going_is_waited_out(told):
    brand = Brand(told)
    old, fresh = told.member("老客"), told.member("新客")
    for each in (old, fresh):
        told.joins(each, brand.rest, NOW - timedelta(days=90))
    told.settle()
    kept = BitMap([old.id, fresh.id])
    segment = Segment.objects.create(
        name="大客", members=kept.serialize(), size=2, created_at=NOW, changed_at=NOW, evaluated_at=NOW
    )
    told.happened(SegmentEntered(segment.pk), NOW - timedelta(days=1), fresh, None)
    told.happened(SegmentEntered(segment.pk), NOW - timedelta(days=20), old, None)
    told.settle()
    tiers = [NewTier("大客", read_rule({"if": "segment", "segment": segment.pk}), [brand.core.id]), brand.tiers()[2]]
    top = look_through(make_family("家族", tiers, steady_days=7, at=NOW), at=NOW).tiers[0]
    assert (set(top.movers), set(top.settling)) == ({old.id}, {fresh.id})


def test_who_lately_fell_out_of_the_tier_above_waits_for_the_next_one_too(told):
    """A dip of a day asks nobody down, also where they always met the next tier's rule."""
    brand = Brand(told)
    fallen, always = told.member("刚掉"), told.member("一直")
    for each in (fallen, always):
        told.joins(each, brand.rest, NOW - timedelta(days=90))
    _moved(told, fallen, "core", "silent", NOW - timedelta(days=1))
    told.settle()
    _layered(told, silent=[fallen, always])
    kept = BitMap([fallen.id, always.id])
    segment = Segment.objects.create(
        name="买过", members=kept.serialize(), size=2, created_at=NOW, changed_at=NOW, evaluated_at=NOW
    )
    buyers = NewTier("买过", read_rule({"if": "segment", "segment": segment.pk}), [brand.new.id])
    tiers = [brand.tiers()[0], buyers, brand.tiers()[2]]
    middle = look_through(make_family("家族", tiers, steady_days=7, at=NOW), at=NOW).tiers[1]
    assert (set(middle.movers), set(middle.settling)) == ({always.id}, {fallen.id})


def test_who_is_left_in_a_closed_group_is_asked_into_the_one_that_runs(told):
    brand = Brand(told)
    successor = told.community("核心新群")
    member = told.member()
    told.joins(member, brand.core, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=[member])
    tiers = [NewTier("核心", _layer("core"), [brand.core.id, successor.id]), brand.tiers()[2]]
    family = make_family("家族", tiers, steady_days=7, at=NOW)
    assert not look_through(family, at=NOW).tiers[0].movers
    archive_community(brand.core.id, at=NOW)
    top = look_through(family, at=NOW).tiers[0]
    assert (set(top.movers), set(top.inside), top.groups) == ({member.id}, set(), (successor.id,))


def test_who_was_asked_is_noticed_when_they_come_and_what_it_led_to_is_told(told):
    brand = Brand(told)
    comers = [told.member(name) for name in ("进群", "在名单", "说话", "没来", "不来")]
    for each in comers:
        told.joins(each, brand.rest, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=comers)
    family = brand.family()
    top = tiers_of(family)[0]
    asked = invite(top, [each.id for each in comers], brand.core, at=NOW)
    assert (asked.count, asked.left_out) == (5, 0)
    assert invite(top, [comers[0].id], brand.core, at=NOW).left_out == 1
    decline(Invitation.objects.get(member=comers[4]), at=NOW + timedelta(hours=1))
    # What was before they were asked, and elsewhere, is not their coming.
    told.joins(comers[3], brand.core, NOW - timedelta(days=1))
    told.leaves(comers[3], brand.core, NOW - timedelta(hours=20))
    told.says(comers[3], brand.rest, NOW + timedelta(days=1))
    told.joins(comers[0], brand.core, NOW + timedelta(days=1))
    told.happened(MemberListed(), NOW + timedelta(days=2), comers[1], brand.core)
    told.says(comers[2], brand.core, NOW + timedelta(days=3))
    told.leaves(comers[0], brand.core, NOW + timedelta(days=5))
    told.settle()
    states = dict(Invitation.objects.values_list("member__name", "state"))
    assert states == {"进群": "arrived", "在名单": "arrived", "说话": "arrived", "没来": "invited", "不来": "declined"}
    assert results(family) == {top.pk: Result(5, 1, 3, 1, stayed=2, spoke=1, days=2.0)}
    assert LoggedEvent.objects.filter(kind="family.arrived").count() == 3
    later = look_through(family, at=NOW + timedelta(days=6)).tiers[0]
    assert (set(later.waiting), set(later.movers), set(later.declined)) == (
        {comers[3].id}, {comers[0].id}, {comers[4].id},
    )  # fmt: skip
    # Whoever would not come is asked again when enough time has passed.
    assert comers[4].id in look_through(family, at=NOW + REST + timedelta(days=1)).tiers[0].movers


def test_who_comes_by_another_record_of_theirs_has_come(told):
    brand = Brand(told)
    one, other = told.member("手机号"), told.member("微信号")
    told.joins(one, brand.rest, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=[one])
    family = brand.family()
    invite(tiers_of(family)[0], [one.id], brand.core, at=NOW)
    merge_members(other.id, one.id, at=NOW)
    told.joins(other, brand.core, NOW + timedelta(days=1))
    told.settle()
    assert Invitation.objects.get().state == "arrived"
    assert results(family)[tiers_of(family)[0].pk].stayed == 1


def test_a_group_takes_no_more_than_it_has_room_for(told):
    brand = Brand(told)
    people = [told.member(f"人{number}") for number in range(5)]
    for each in people:
        told.joins(each, brand.rest, NOW - timedelta(days=60))
    told.joins(told.member("早在"), brand.core, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=people)
    brand.core.size_limit = 4
    brand.core.save()
    top = tiers_of(brand.family())[0]
    with pytest.raises(Refused) as refused:
        invite(top, [each.id for each in people], brand.core, at=NOW)
    assert (refused.value.code, refused.value.data["room"]) == ("family.no_room", 3)
    invite(top, [each.id for each in people[:2]], brand.core, at=NOW)
    assert room(brand.core) == 1
    withdraw(Invitation.objects.get(member=people[0]), at=NOW)
    assert (room(brand.core), room(brand.rest)) == (2, None)
    with pytest.raises(Refused, match="invitation_over"):
        withdraw(Invitation.objects.get(member=people[0]), at=NOW)
    with pytest.raises(Refused, match="not_its_group"):
        invite(top, [people[0].id], brand.rest, at=NOW)


def test_two_who_ask_the_same_people_at_once_ask_them_once(told):
    brand = Brand(told)
    people = [told.member(f"人{number}") for number in range(20)]
    for each in people:
        told.joins(each, brand.rest, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=people)
    top = tiers_of(brand.family())[0]
    counts, together = [], threading.Barrier(4)

    def ask() -> None:
        together.wait()
        try:
            counts.append(invite(top, [each.id for each in people], brand.core, at=NOW).count)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 20]
    assert Invitation.objects.count() == LoggedEvent.objects.filter(kind="family.invited").count() == 20


def test_what_makes_no_family_is_refused_and_nothing_is_kept(told):
    brand = Brand(told)
    core, new, rest = brand.tiers()
    wrong = {
        "family.name_empty": ("  ", [core, rest]),
        "family.tiers": ("家族", [core]),
        "family.tier_name": ("家族", [NewTier(" ", core.rule, core.groups), rest]),
        "family.tier_twice": ("家族", [core, NewTier("核心", None, rest.groups)]),
        "family.rest_last": ("家族", [rest, core]),
        "family.no_groups": ("家族", [NewTier("核心", core.rule, []), rest]),
        "family.group_twice": ("家族", [core, NewTier("普通", None, core.groups)]),
    }
    for code, (name, tiers) in wrong.items():
        with pytest.raises(Refused) as refused:
            make_family(name, tiers, steady_days=7, at=NOW)
        assert refused.value.code == code
    with pytest.raises(Refused, match="steady"):
        make_family("家族", [core, rest], steady_days=91, at=NOW)
    make_family("家族", [core, rest], steady_days=0, at=NOW)
    for code, name in (("family.name_taken", "家族"), ("family.group_taken", "别家")):
        with pytest.raises(Refused) as refused:
            make_family(name, [new, NewTier("其余", None, rest.groups)], steady_days=7, at=NOW)
        assert refused.value.code == code
    assert (Family.objects.count(), Tier.objects.count(), TierGroup.objects.count()) == (1, 2, 2)


def test_a_tier_that_goes_lets_go_of_whom_it_asked_and_a_dissolved_family_frees_its_groups(told):
    brand = Brand(told)
    one = told.member()
    told.joins(one, brand.rest, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=[one])
    family = brand.family()
    core, new, rest = tiers_of(family)
    invite(core, [one.id], brand.core, at=NOW)
    tiers = [
        NewTier("新人", _layer("new"), [brand.new.id], known=new.pk),
        NewTier("大家", None, [brand.rest.id, brand.core.id], known=rest.pk),
    ]
    change_family(family, "阅读之家", tiers, steady_days=3, at=NOW)
    assert [(each.pk, each.name) for each in tiers_of(family)] == [(new.pk, "新人"), (rest.pk, "大家")]
    assert Invitation.objects.get().state == "withdrawn"
    with pytest.raises(Refused, match="tier_gone"):
        invite(core, [one.id], brand.core, at=NOW)
    dissolve_family(family, at=NOW)
    with pytest.raises(Refused, match="dissolved"):
        dissolve_family(family, at=NOW)
    assert make_family("阅读之家", brand.tiers(), steady_days=7, at=NOW).pk != family.pk
    assert list(AuditEntry.objects.filter(action__startswith="family.").values_list("action", flat=True).order_by("pk")) == [
        "family.made", "family.invited", "family.changed", "family.dissolved", "family.made",
    ]  # fmt: skip


def test_the_overviews_number_is_that_of_the_page(told, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    brand = Brand(told)
    people = [told.member(f"人{number}") for number in range(3)]
    for each in people:
        told.joins(each, brand.rest, NOW - timedelta(days=60))
    told.settle()
    _layered(told, core=people)
    family = brand.family()
    look(timestamp=0)
    family.refresh_from_db()
    assert (family.to_invite, family.looked_at) == (3, NOW)
