from __future__ import annotations

from datetime import timedelta
from random import Random

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from liuliang.commerce.events import OrderClaimed, OrderRefunded
from liuliang.loyalty.leveling import NewLevel, set_ladder
from liuliang.loyalty.models import MemberLevel
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.refunds import refund
from liuliang.people.erasure import erase_member
from liuliang.people.events import MemberRoleChanged
from liuliang.people.merging import merge_members
from liuliang.people.models import Community, MemberTag, Tag, TagGroup
from liuliang.people.profile import define_attribute, set_attribute
from liuliang.people.queries import counting
from liuliang.people.tagging import tag_members
from liuliang.segments.base import conditions
from liuliang.segments.evaluating import context_of, evaluate
from liuliang.segments.models import LayerSet, Segment
from liuliang.segments.naming import StoredNames
from liuliang.segments.queries import explain
from liuliang.segments.rules import leaves, read_rule
from liuliang.subscriptions.plans import PlanTerms, create_plan
from liuliang.subscriptions.subscribing import Grant, grant

from .conftest import NOON


def test_behaviour_counts_in_a_window_of_local_days(told, at, found):
    group = told.community()
    often, once, early, never = (told.member(name) for name in ("常来", "一次", "早先", "从不"))
    for day in (8, 9, 10):
        told.says(often, group, at(2026, 3, day, 9))
    told.says(once, group, at(2026, 3, 10, 0, 0))
    told.says(early, group, at(2026, 3, 8, 23, 59))
    told.says(early, group, at(2026, 3, 7, 12))
    told.joins(never, group, at(2026, 3, 1))
    told.settle()
    two_days = {"if": "behaviour", "kind": "message.sent", "within": {"last_days": 2}}
    assert found(two_days) == {"常来", "一次"}
    assert found(two_days | {"number": 2}) == {"常来"}
    assert found(two_days | {"number": 0, "compare": "exactly"}) == {"早先", "从不"}
    assert found(two_days | {"compare": "at_most"}) == {"一次", "早先", "从不"}
    assert found({"if": "behaviour", "kind": "message.sent", "number": 3, "count": "days"}) == {"常来"}
    absolute = {"since": "2026-03-07", "until": "2026-03-08"}
    assert found({"if": "behaviour", "kind": "message.sent", "within": absolute, "number": 2}) == {"早先"}
    assert found({"not": two_days}) == {"早先", "从不"}


def test_behaviour_asks_for_properties_and_places(told, at, found):
    here, there = told.community("这里"), told.community("那里", "America/New_York")
    asker, talker, away = (told.member(name) for name in ("提问", "闲聊", "那边"))
    told.says(asker, here, at(2026, 3, 9, 9), "怎么冲才不酸？")
    told.says(talker, here, at(2026, 3, 9, 9), "今天的手冲很好喝")
    # In New York the ninth lasts until noon of the tenth in Shanghai.
    told.says(away, there, at(2026, 3, 9, 13, 0), "怎么买")
    told.settle()
    asked = {"if": "behaviour", "kind": "message.sent", "properties": [{"field": "is_question", "value": "true"}]}
    assert found(asked) == {"提问", "那边"}
    assert found(asked | {"communities": [here.pk]}) == {"提问"}
    about = [{"field": "text", "operator": "contains", "value": "手冲"}]
    assert found({"if": "behaviour", "kind": "message.sent", "properties": about}) == {"闲聊"}
    today = {"if": "behaviour", "kind": "message.sent", "within": {"last_days": 1}}
    before, text = NOON - timedelta(minutes=1), {"properties": [{"field": "type", "value": "text"}]}
    assert found(today, now=before) == found(today | text, now=before) == {"那边"}
    assert found(today) == found(today | text) == set()
    # A branch sees what happened in it, and the people who were there.
    told.joins(talker, there, at(2026, 3, 9, 13))
    told.settle()
    assert found({"not": asked}, community=there.pk) == {"闲聊"}


def test_a_sequence_wants_its_order_its_time_and_its_absences(told, at, found):
    group = told.community()
    good, slow, reversed_, bought, bought_late = (told.member(n) for n in ("按序", "太慢", "倒序", "买了", "晚买"))
    for member in (good, slow, bought, bought_late):
        told.joins(member, group, at(2026, 2, 1, 9))
    told.says(good, group, at(2026, 2, 3, 9))
    told.says(slow, group, at(2026, 2, 9, 10))
    told.says(reversed_, group, at(2026, 2, 1, 8))
    told.joins(reversed_, group, at(2026, 2, 1, 9))
    told.says(bought, group, at(2026, 2, 3, 9))
    told.buys(bought, at(2026, 2, 4), 1_000)
    told.says(bought_late, group, at(2026, 2, 3, 9))
    told.buys(bought_late, at(2026, 2, 24), 1_000)
    told.settle()
    joined, spoke = {"kind": "member.joined"}, {"kind": "message.sent", "within_days": 7}
    no_order = {"kind": "order.paid", "is_absent": True}
    assert found({"if": "sequence", "steps": [joined, spoke]}) == {"按序", "买了", "晚买"}
    assert found({"if": "sequence", "steps": [joined, spoke, no_order]}) == {"按序"}
    assert found({"if": "sequence", "steps": [joined, spoke, no_order | {"within_days": 7}]}) == {"按序", "晚买"}
    assert found({"if": "sequence", "steps": [joined, no_order, {"kind": "message.sent"}]}) == {
        "按序", "太慢", "买了", "晚买",
    }  # fmt: skip
    bounded = {"since": "2026-02-02"}
    assert found({"if": "sequence", "steps": [joined, spoke], "within": bounded}) == set()


def test_silence_is_of_those_who_spoke_or_of_everybody(told, at, found):
    group = told.community()
    speaks, stopped, never = (told.member(name) for name in ("在说", "停了", "没说过"))
    told.says(speaks, group, at(2026, 3, 9))
    told.says(stopped, group, at(2026, 2, 1))
    told.joins(never, group, at(2026, 2, 1))
    told.settle()
    silence = {"if": "silence", "days": 30}
    assert found(silence) == {"停了", "没说过"}
    assert found(silence | {"including_never": False}) == {"停了"}
    assert found(silence | {"days": 60, "including_never": False}) == set()


def test_orders_count_claims_and_take_refunds_off(told, at, found):
    buyer, claimer, refunded = (told.member(name) for name in ("买家", "认领", "退了"))
    other = told.member("没买")
    told.buys(buyer, at(2026, 3, 1), 30_000)
    told.buys(buyer, at(2026, 3, 5), 5_000)
    told.happened(OrderClaimed(order=7, amount=20_000, refunded=1_000), at(2026, 2, 1), claimer, None)
    order = told.buys(refunded, at(2026, 3, 1), 40_000)
    told.happened(OrderRefunded(order=order.pk, amount=39_000), at(2026, 3, 2), refunded, None)
    told.buys(other, at(2026, 3, 1), 99_999, status="unpaid")
    told.settle()
    assert found({"if": "orders"}) == {"买家", "认领", "退了"}
    assert found({"if": "orders", "number": 2}) == {"买家"}
    assert found({"if": "orders", "number": 0, "compare": "exactly"}) == {"没买"}
    assert found({"if": "orders", "measure": "amount", "number": 19_000}) == {"买家", "认领"}
    assert found({"if": "orders", "measure": "amount", "number": 1_000, "compare": "at_most"}) == {"退了", "没买"}
    assert found({"if": "orders", "measure": "days_since", "number": 9}) == {"认领", "退了"}
    assert found({"if": "orders", "measure": "days_since", "number": 5, "compare": "at_most"}) == {"买家"}


def test_membership_knows_who_is_was_and_how_long(told, at, found):
    root, first, second = told.community("总群"), told.community("一群"), told.community("二群")
    Community.objects.filter(pk=first.pk).update(parent=root, path=[root.pk, first.pk])
    stays, moved, gone = (told.member(name) for name in ("还在", "换群", "走了"))
    told.joins(stays, first, at(2026, 3, 9, 23))
    told.happened(MemberRoleChanged("admin"), at(2026, 3, 9, 23), stays, first)
    told.joins(moved, first, at(2026, 2, 1))
    told.leaves(moved, first, at(2026, 2, 2))
    told.joins(moved, second, at(2026, 2, 3))
    told.joins(gone, first, at(2026, 2, 1))
    told.leaves(gone, first, at(2026, 2, 2))
    told.settle()
    assert found({"if": "membership"}) == {"还在", "换群"}
    assert found({"if": "membership", "communities": [root.pk]}) == {"还在"}
    assert found({"if": "membership", "state": "left", "communities": [first.pk]}) == {"换群", "走了"}
    assert found({"if": "membership", "state": "left", "communities": [first.pk, second.pk]}) == {"走了"}
    assert found({"if": "membership", "state": "ever", "communities": [first.pk]}) == {"还在", "换群", "走了"}
    assert found({"if": "membership", "role": "admin"}) == {"还在"}
    assert found({"if": "membership", "at_least_days": 1}) == {"还在", "换群"}
    assert found({"if": "membership", "at_least_days": 2}) == {"换群"}
    assert found({"if": "membership", "at_most_days": 1}) == {"还在"}


def test_invites_count_people_once_and_may_ask_who_stayed(told, at, found):
    group, second = told.community(), told.community("二群")
    host, helper = told.member("邀请人"), told.member("帮手")
    guests = [told.member(f"客{number}") for number in range(3)]
    told.joins(host, group, at(2026, 1, 2))
    for guest in guests[:2]:
        told.joins(guest, group, at(2026, 3, 1), host)
        told.joins(guest, second, at(2026, 3, 9), host)
    told.leaves(guests[0], group, at(2026, 3, 2))
    told.leaves(guests[0], second, at(2026, 3, 10))
    told.joins(guests[2], group, at(2026, 3, 10), helper)
    told.settle()
    assert found({"if": "invites"}) == {"邀请人", "帮手"}
    assert found({"if": "invites", "number": 2}) == {"邀请人"}
    assert found({"if": "invites", "number": 2, "who": "stayed"}) == set()
    assert found({"if": "invites", "last_days": 1}) == {"帮手"}
    assert found({"if": "invites", "number": 0, "compare": "exactly"}) == {"客0", "客1", "客2"}


def test_tags_are_any_all_or_none_and_end(told, at, found):
    group = TagGroup.objects.create(name="兴趣")
    tea, coffee = (Tag.objects.create(group=group, name=name, created_at=NOON) for name in ("茶", "咖啡"))
    both, one, ending = (told.member(name) for name in ("都要", "只要茶", "快到期"))
    record = told.member("都要的小号")
    merge_members(record.pk, both.pk, at=NOON - timedelta(days=9))
    tag_members([both.pk, one.pk], tea, at=NOON)
    tag_members([record.pk], coffee, at=NOON)
    tag_members([ending.pk], tea, at=NOON - timedelta(days=3), expires_at=NOON + timedelta(days=2))
    told.settle()
    assert found({"if": "tag", "tags": [tea.pk]}) == {"都要", "只要茶", "快到期"}
    assert found({"if": "tag", "tags": [tea.pk, coffee.pk], "match": "all"}) == {"都要"}
    assert found({"if": "tag", "tags": [coffee.pk], "match": "none"}) == {"只要茶", "快到期"}
    assert found({"if": "tag", "tags": [tea.pk], "expires_within_days": 3}) == {"快到期"}
    assert found({"if": "tag", "tags": [tea.pk]}, now=NOON + timedelta(days=2)) == {"都要", "只要茶"}


def test_tags_mean_what_they_mean_elsewhere_whoever_is_merged_and_whatever_overrules(told):
    """A tag of an exclusive group is overruled by a later one of the same person, and by nobody else's."""
    dice = Random(5)
    people = [told.member(str(number)).pk for number in range(14)]
    tags: list[int] = []
    for is_exclusive in (True, False, True):
        group = TagGroup.objects.create(name=f"组{len(tags)}", is_exclusive=is_exclusive)
        tags += [Tag.objects.create(group=group, name=f"{n}", created_at=NOON).pk for n in range(3)]
    ends = [None, None, *(NOON + timedelta(days=days) for days in (-1, 0, 1, 9))]
    context = context_of(None, NOON)
    seen = 0
    for turn in range(30):
        MemberTag.objects.all().delete()
        MemberTag.objects.bulk_create(
            MemberTag(
                member_id=person, tag_id=tag, source="staff", expires_at=dice.choice(ends),
                added_at=NOON - timedelta(days=dice.randint(0, 3)),
            )
            for person in people for tag in tags if dice.random() < 0.35
        )  # fmt: skip
        if turn in {5, 13, 21}:
            merge_members(people[turn % 7], people[7 + turn % 7], at=NOON)
        wanted = dice.sample(tags, dice.randint(1, 3))
        (leaf,) = leaves(read_rule({"if": "tag", "tags": wanted}))
        held = counting(NOON).filter(tag__in=wanted).annotate(person=Coalesce(F("member__canonical"), F("member")))
        expected = BitMap(held.values_list("person", flat=True))
        assert evaluate([leaf], context)[leaf] == expected
        few = BitMap(dice.sample(people, 5))
        assert evaluate([leaf], context, few)[leaf] == expected & few
        seen += len(expected)
    assert seen > 30


def test_a_rule_that_asks_only_the_database_does_not_look_at_the_lake(told):
    group = TagGroup.objects.create(name="组")
    (leaf,) = leaves(read_rule({"if": "tag", "tags": [Tag.objects.create(group=group, name="茶", created_at=NOON).pk]}))
    context = context_of(None, NOON)
    with CaptureQueriesContext(connection) as asked:
        evaluate([leaf], context)
    assert not asked.captured_queries, "the tags are read by COPY"


def test_attributes_are_text_numbers_days_and_the_person_has_the_last_word(told, at, found):
    city, income = define_attribute("城市"), define_attribute("收入", type_="number")
    birthday = define_attribute("生日", type_="date")
    rich, poor, merged, record = (told.member(name) for name in ("甲", "乙", "丙", "丙的小号"))
    set_attribute(rich.pk, city, "上海")
    set_attribute(rich.pk, income, "20000")
    set_attribute(poor.pk, city, "北京%")
    set_attribute(poor.pk, income, "900")
    set_attribute(poor.pk, birthday, "1990-03-12")
    set_attribute(record.pk, city, "上海")
    merge_members(record.pk, merged.pk, at=NOON)
    told.settle()
    where = {"if": "attribute", "attribute": city.key}
    assert found(where | {"values": ["上海"]}) == {"甲", "丙"}
    assert found(where | {"operator": "is_not", "values": ["上海"]}) == {"乙"}
    assert found(where | {"operator": "contains", "values": ["%"]}) == {"乙"}
    much = {"if": "attribute", "attribute": income.key, "operator": "at_least", "values": ["1000"]}
    assert found(much) == {"甲"}
    assert found(much | {"operator": "empty", "values": []}) == {"丙"}
    soon = {"if": "attribute", "attribute": birthday.key, "operator": "day_within", "values": ["3"]}
    assert found(soon) == {"乙"}
    assert found(soon | {"values": ["2"]}) == set()
    set_attribute(merged.pk, city, "")
    assert found(where | {"operator": "filled"}) == {"甲", "乙"}


def test_relations_tie_members_to_a_segment(told, at, found):
    group = told.community()
    star, fan, guest, nobody = (told.member(name) for name in ("明星", "粉丝", "来客", "路人"))
    told.says(fan, group, at(2026, 3, 1), reply_member=star.pk)
    told.says(nobody, group, at(2026, 3, 1), reply_member=fan.pk)
    told.joins(guest, group, at(2026, 3, 2), star)
    told.settle()
    stars = Segment.objects.create(
        name="明星们", members=b"", created_at=NOON, changed_at=NOON, evaluated_at=NOON, is_dynamic=False
    )
    relation = {"if": "relation", "segment": stars.pk}
    assert found(relation) == set()

    Segment.objects.filter(pk=stars.pk).update(members=BitMap([star.pk]).serialize())
    assert found(relation) == {"粉丝"}
    assert found(relation | {"relation": "invited_by"}) == {"来客"}
    assert found(relation | {"within": {"last_days": 3}}) == set()
    Segment.objects.filter(pk=stars.pk).update(members=BitMap([fan.pk, guest.pk]).serialize())
    assert found(relation | {"relation": "replied_by"}) == {"明星"}
    assert found(relation | {"relation": "invited"}) == {"明星"}
    assert found({"if": "segment", "segment": stars.pk}) == {"粉丝", "来客"}
    LayerSet.objects.create(dimension="activity", layer="core", members=BitMap([star.pk]).serialize())
    assert found({"if": "layer", "dimension": "activity", "layers": ["core", "new"]}) == {"明星"}


def test_merged_people_count_together_and_erased_ones_and_robots_are_nobody(told, at, found):
    group = told.community()
    person, record, erased, robot = (told.member(n, is_bot=n == "机器人") for n in ("一人", "小号", "删了", "机器人"))
    for member in (person, record, erased, robot):
        told.says(member, group, at(2026, 3, 9))
    told.settle()
    merge_members(record.pk, person.pk, at=NOON)
    erase_member(erased.pk, at=NOON)
    told.settle()
    assert found({"if": "behaviour", "kind": "message.sent", "number": 2}) == {"一人"}
    assert found({"not": {"if": "behaviour", "kind": "message.sent", "number": 2}}) == set()
    assert found({"all": []}) == {"一人"}


def test_paid_membership_is_that_of_the_person_and_of_the_day(told, found):
    gold, silver = (
        create_plan(PlanTerms(name, unit="day", length=length), community=None, at=NOON)
        for name, length in (("金卡", 30), ("银卡", 5))
    )
    years = [told.member(name) for name in ("长", "短", "两张", "到了", "从不", "另一个号")]
    long, short, both, over, _never, other = (each.pk for each in years)
    grant(Grant(long, gold, "a"), at=NOON)
    grant(Grant(short, silver, "b"), at=NOON)
    grant(Grant(both, gold, "c"), at=NOON)
    grant(Grant(both, silver, "d"), at=NOON)
    grant(Grant(over, silver, "e"), at=NOON - timedelta(days=5))
    grant(Grant(other, gold, "f"), at=NOON)
    merge_members(other, over, at=NOON)
    told.settle()
    assert found({"if": "subscription"}) == {"长", "短", "两张", "到了"}
    assert found({"if": "subscription", "plans": [silver.pk]}) == {"短", "两张"}
    assert found({"if": "subscription", "state": "ending", "days": 4}) == {"短"}
    assert found({"if": "subscription", "state": "ending", "days": 3}) == set()
    assert found({"if": "subscription", "state": "ending", "days": 4, "plans": [silver.pk]}) == {"短", "两张"}
    assert found({"if": "subscription", "state": "had"}) == set()
    assert found({"if": "subscription", "state": "had", "plans": [silver.pk]}) == {"到了"}
    assert found({"if": "subscription"}, now=NOON + timedelta(days=5)) == {"长", "两张", "到了"}


def test_points_are_those_of_the_person_and_of_the_window(told, found):
    rich, poor, spender, other, never = (told.member(name).pk for name in ("富", "穷", "花过", "另一个号", "从不"))
    old = NOON - timedelta(days=40)
    earn([Reward(rich, 500, "a", None), Reward(poor, 20, "b", None)], at=NOON)
    earn([Reward(spender, 300, "c", None), Reward(other, 90, "d", None)], at=old)
    spend(spender, 250, cause="gift:1", at=NOON)
    spend(rich, 100, cause="gift:2", at=NOON)
    refund("gift:2", cause="gift:2:back", at=NOON)
    merge_members(other, poor, at=NOON)
    told.settle()
    del never
    assert found({"if": "points", "number": 100}) == {"富", "穷"}
    assert found({"if": "points", "compare": "at_most", "number": 50}) == {"花过", "从不"}
    assert found({"if": "points", "compare": "exactly", "number": 110}) == {"穷"}
    recently = {"last_days": 30}
    assert found({"if": "points", "measure": "earned", "number": 1}) == {"富", "穷", "花过"}
    assert found({"if": "points", "measure": "earned", "number": 1, "within": recently}) == {"富", "穷"}
    assert found({"if": "points", "measure": "spent", "number": 1}) == {"花过"}
    assert found({"if": "points", "measure": "expired", "number": 1}) == set()


def test_points_of_a_branch_s_people_are_all_they_earned_and_spent(told, at, found):
    here, there = told.community("这里"), told.community("那里")
    spender, saver, stranger = (told.member(name) for name in ("花过", "没花", "别处"))
    for member, place in ((spender, here), (saver, here), (stranger, there)):
        told.joins(member, place, at(2026, 3, 1))
    told.settle()
    earn([Reward(one.pk, 300, str(one.pk), None) for one in (spender, saver, stranger)], at=NOON)
    for one in (spender, stranger):
        spend(one.pk, 200, cause=f"gift:{one.pk}", at=NOON)
    told.settle()
    spent = {"if": "points", "measure": "spent", "number": 100}
    assert found(spent) == {"花过", "别处"}
    assert found(spent, community=here.pk) == {"花过"}
    assert found(spent | {"compare": "at_most"}, community=here.pk) == {"没花"}
    assert found({"not": spent}, community=here.pk) == {"没花"}
    assert found({"if": "points", "measure": "earned", "number": 300}, community=here.pk) == {"花过", "没花"}
    assert found({"if": "points", "compare": "at_most", "number": 150}, community=here.pk) == {"花过"}
    # Beside what is asked of the branch alone.
    joined = {"if": "behaviour", "kind": "member.joined", "properties": [{"field": "how", "value": ""}]}
    assert found({"all": [spent, joined]}, community=here.pk) == {"花过"}


def test_orders_of_no_group_are_those_of_a_branch_s_people_wherever_they_are(told, at, found):
    """As in a branch's figures: a web shop's orders name no group, and count for the groups their buyer is in."""
    here, there = told.community("这里"), told.community("那里")
    buyer, elsewhere, stranger = (told.member(name) for name in ("网店买", "别处买", "外人"))
    for member, place in ((buyer, here), (elsewhere, here), (elsewhere, there), (stranger, there)):
        told.joins(member, place, at(2026, 3, 1))
    told.buys(buyer, at(2026, 3, 2), 1_000, product="晨雾")
    told.buys(elsewhere, at(2026, 3, 2), 1_000, product="晨雾", community=there)
    told.buys(stranger, at(2026, 3, 2), 1_000, product="晨雾")
    told.settle()
    bought = {"if": "behaviour", "kind": "order.paid"}
    for rule in (
        {"if": "orders"},
        {"if": "orders", "measure": "amount", "number": 1_000},
        {"if": "orders", "measure": "days_since", "number": 1},
        {"if": "product", "product": "晨雾", "from_days": 1},
        {"if": "sequence", "steps": [{"kind": "member.joined"}, {"kind": "order.paid"}]},
        bought,
    ):
        assert found(rule) == {"网店买", "别处买", "外人"}
        assert found(rule, community=here.pk) == {"网店买"}
    # Of a group that is named, only what belongs to it.
    assert found(bought | {"communities": [here.pk]}, community=here.pk) == set()


def test_a_level_is_compared_by_what_it_asks_for(told, found):
    ladder = [NewLevel("new", "新客", 0, 0), NewLevel("regular", "常客", 100, 0), NewLevel("friend", "老友", 500, 0)]
    made = {level.key: level for level in set_ladder(ladder)}
    for name, key in (("新", "new"), ("常", "regular"), ("老", "friend")):
        member = told.member(name)
        MemberLevel.objects.create(member=member, level=made[key], since=NOON, review_on=NOON.date())
    told.member("没有等级")
    told.settle()
    everybody = {"新", "常", "老", "没有等级"}
    assert found({"if": "level", "level": "regular"}) == {"常", "老"}
    assert found({"if": "level", "level": "regular", "compare": "exactly"}) == {"常"}
    assert found({"if": "level", "level": "regular", "compare": "at_most"}) == everybody - {"老"}
    assert found({"if": "level", "level": "new"}) == everybody
    assert found({"if": "level", "level": "new", "compare": "exactly"}) == {"新", "没有等级"}
    assert found({"if": "level", "level": "gone", "compare": "at_most"}) == set()


def test_somebody_is_at_a_level_since_a_local_day(told, at):
    (level,) = set_ladder([NewLevel("new", "新客", 0, 0)])
    member = told.member("早起")
    MemberLevel.objects.create(member=member, level=level, since=at(2026, 3, 10, 1), review_on=NOON.date())
    rule = read_rule({"if": "level", "level": "new"})
    told_of = explain(rule, member.pk, community=None, at=NOON, names=StoredNames())
    assert told_of.fact == "2026-03-10 起是「新客」"


def test_every_condition_says_itself_in_words():
    assert [condition.key for condition in conditions()] == [
        "attribute", "behaviour", "invites", "layer", "level", "membership", "orders", "points", "product", "relation",
        "segment", "sequence", "silence", "subscription", "tag",
    ]  # fmt: skip
    for condition in conditions():
        assert str(condition.title)
        assert str(condition.group)
        assert condition.icon


def test_behaviour_asks_for_the_score_of_an_answer(told, at, found):
    for name, score in (("推荐者", 9), ("贬损者", 6), ("很不满", 0)):
        told.answers(told.member(name), at(2026, 3, 9, 9), score)
    told.settle()
    low = {
        "if": "behaviour",
        "kind": "survey.answered",
        "properties": [{"field": "score", "operator": "at_most", "value": "6"}],
    }
    assert found(low) == {"贬损者", "很不满"}
