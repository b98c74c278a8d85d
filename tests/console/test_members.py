from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from liuliang.accounts.models import Role, Staff
from liuliang.commerce.models import Order
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.console.members.member import masked
from liuliang.cultivation.models import PassedOver
from liuliang.kernel import clock
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.readers import catch_up
from liuliang.people.events import MemberJoined, MemberLeft, MessageSent
from liuliang.people.identities import Known, resolve_members
from liuliang.people.merging import member_projections, merge_members
from liuliang.people.models import (
    Activity,
    Community,
    Grant,
    Identity,
    Member,
    Membership,
    MemberTag,
    Merge,
    MergeProposal,
    Tag,
    TagGroup,
)
from liuliang.people.proposals import propose_pairs
from liuliang.people.tagging import create_group, create_tag, tag_members
from liuliang.segments.rules import All, read_rule
from liuliang.segments.services import create_segment


@pytest.fixture
def brand(transactional_db, world):
    """Thirty people of 甲's group, ten of them also in 乙, some of whom left, some of whom bought."""
    now = clock.now()
    Membership.objects.all().delete()
    Activity.objects.all().delete()
    people = resolve_members(
        [Known(f"咖友{n:02}", (("wxid", f"wxid_{n}"), ("phone", f"1390000{n:04}"))) for n in range(30)],
        community=world.group.id,
        at=now,
    )
    facts = []
    for n, member in enumerate(people):
        at = now - timedelta(days=60 - n)
        facts.append(Fact(MemberJoined(inviter=people[0]), at, "t", f"j{n}", member, world.group.id))
        facts += [
            Fact(
                MessageSent(f"第{k}句", reply_member=people[1]),
                at + timedelta(hours=k),
                "t",
                f"m{n}-{k}",
                member,
                world.group.id,
            )
            for k in range(n % 4)
        ]
        if n < 10:
            facts.append(Fact(MessageSent("乙群的话"), now - timedelta(days=1), "t", f"o{n}", member, world.other.id))
        if n % 7 == 6:
            facts.append(Fact(MemberLeft(), now, "t", f"l{n}", member, world.group.id))
    append(facts)
    orders = [
        NewOrder(str(n), now - timedelta(days=n), Known(f"咖友{n:02}", (("wxid", f"wxid_{n}"),)), 10_000 + n)
        for n in range(5)
    ]
    record_orders(orders, source="shop", community=world.group.id, at=now)
    for projection in member_projections():
        catch_up(projection)
    group = create_group("等级", is_exclusive=False)
    return {"people": people, "tag": create_tag(group, "铁粉", at=now), "world": world}


@pytest.fixture
def service(world):
    """Somebody who may see members and orders of 甲's group, and nothing of 乙."""
    staff = Staff.objects.create(email="s@example.com", name="客服", created_at=clock.now(), password="!")
    Grant.objects.create(staff=staff, role=Role.objects.get(key="service"), community=world.group)
    return staff


@pytest.fixture
def expert(world):
    """Somebody who may see members of 甲's group, but neither orders nor contact data."""
    staff = Staff.objects.create(email="e@example.com", name="答疑", created_at=clock.now(), password="!")
    Grant.objects.create(staff=staff, role=Role.objects.get(key="expert"), community=world.group)
    return staff


def shown(text: str) -> list[str]:
    return re.findall(r"咖友\d\d", re.sub(r"(?s)^.*<tbody", "", text))


def listed(client, query: str = "") -> list[str]:
    return list(dict.fromkeys(shown(client.get(f"/members/?{query}").content.decode())))


PAGES = [
    "/members/",
    "/members/?sort=-said",
    "/members/?presence=present&silent=1",
    "/members/tags/",
    "/members/proposals/",
    "/members/search/?q=咖友",
    "/communities/",
]
TABS = ["", "?tab=communities", "?tab=orders", "?tab=ties", "?tab=identities"]


@pytest.mark.parametrize("who", ["owner", "service"])
def test_every_page_costs_a_bounded_number_of_queries(brand, service, who, django_assert_max_num_queries):
    world = brand["world"]
    client = world.sign_in(world.owner if who == "owner" else service)
    tag_members(brand["people"], brand["tag"], at=clock.now())
    propose_pairs(
        [(brand["people"][0], brand["people"][n]) for n in range(1, 9)], score=60, evidence={}, at=clock.now()
    )
    client.get("/account/")
    member = Member.objects.get(id=brand["people"][1])
    for url in [*PAGES, *(f"/members/{member.public_id}/{tab}" for tab in TABS)]:
        if url == "/members/proposals/" and who != "owner":
            continue
        with django_assert_max_num_queries(35):
            assert client.get(url).status_code == 200, url


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=咖友0", 10),
        ("q=13900000003", 1),
        ("q=wxid_3", 1),
        ("presence=left", 0),
        ("silent=1", 5),
        ("orders_from=1", 5),
        ("paid_from=100.03", 2),
        ("said_from=4", 2),
        ("q=没有这个人", 0),
    ],
)
def test_filters_find_whom_they_say(brand, query, found):
    world = brand["world"]
    listing = listed(world.sign_in(world.owner), f"{query}&size=100")
    if query == "presence=left":
        gone = [n for n in range(30) if n % 7 == 6 and n >= 10]
        assert listing == [f"咖友{n:02}" for n in sorted(gone, reverse=True)] or set(listing) == {
            f"咖友{n:02}" for n in gone
        }
        return
    assert len(listing) == found


def test_an_old_link_to_a_deleted_tag_finds_nobody_and_says_why(brand):
    world, tag = brand["world"], brand["tag"]
    client = world.sign_in(world.owner)
    tag_members(brand["people"][:2], tag, at=clock.now())
    gone = create_tag(create_group("旧", is_exclusive=False), "删掉的", at=clock.now())
    key = gone.pk
    gone.delete()

    assert listed(client, f"tag={key}") == []
    assert "标签: 已删除的标签" in client.get(f"/members/?tag={key}").content.decode()
    assert listed(client, "tag=x%00") == []
    assert len(listed(client, f"tag={tag.pk}&tag={key}")) == 2


def test_deleting_a_tag_names_the_segments_that_need_it(brand):
    world, tag = brand["world"], brand["tag"]
    client = world.sign_in(world.owner)
    rule = All((read_rule({"if": "tag", "tags": [tag.pk]}),))
    made = create_segment("要回访的", rule, community=None, at=clock.now(), is_dynamic=True)
    other = create_tag(create_group("旧", is_exclusive=False), "没人用", at=clock.now())

    PassedOver.objects.create(tag=tag)

    asked = client.get(reverse("console:tag", args=[tag.pk])).content.decode()
    unasked = client.get(reverse("console:tag", args=[other.pk])).content.decode()

    assert reverse("console:segment", args=[made.public_id]) in asked
    assert "规则用到它的人群（要回访的）会停在现在这些人" in asked
    assert "带着它的人又会被找成种子与骨干" in asked
    assert "用到它的人群" not in unasked
    assert "种子与骨干。" not in unasked


def test_people_known_from_a_list_alone_are_listed_after_those_who_were_ever_seen(brand):
    world = brand["world"]
    only_listed = {Member.objects.create(name=f"咖友9{n}", created_at=clock.now()).name for n in range(2)}
    client = world.sign_in(world.owner)

    everybody = listed(client, "size=100")

    seen = set(Activity.objects.values_list("member__name", flat=True))
    assert only_listed <= set(everybody)
    assert not seen & set(everybody[len(seen) :])
    assert only_listed <= set(listed(client, "presence=listed&size=100"))
    assert not only_listed & set(listed(client, "presence=present&size=100"))


def test_a_filter_by_community_and_presence_asks_about_that_community(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    left = listed(client, f"community={world.group.public_id}&presence=left&size=100")
    assert set(left) == {f"咖友{n:02}" for n in range(30) if n % 7 == 6}
    assert len(listed(client, f"community={world.other.public_id}&size=100")) == 10
    assert len(listed(client, f"community={world.brand.public_id}&size=100")) == 30, "with what is below it"


def test_numbers_of_scoped_staff_are_those_of_their_communities(brand, service):
    client = brand["world"].sign_in(service)
    page = client.get("/members/", {"q": "咖友03"}).content.decode()
    row = re.search(r"(?s)咖友03.*?</tr>", re.sub(r"(?s)^.*<tbody", "", page))[0]
    assert "乙品牌" not in page
    assert re.findall(r'<td class="is-end">\s*(\d+)', row)[0] == "3", "not the word said in 乙"


def test_scoped_staff_read_nothing_said_or_sold_elsewhere(brand, service, expert):
    world = brand["world"]
    member = Member.objects.get(id=brand["people"][3])
    Order.objects.create(source="x", number="乙单", member=member, community=world.other, at=clock.now(), amount=777_00)
    said_or_sold = ("乙群的话", "乙品牌", "乙单", "777.00")

    def read_by(staff):
        client = world.sign_in(staff)
        text = "".join(client.get(f"/members/{member.public_id}/{tab}").content.decode() for tab in TABS)
        return [secret for secret in said_or_sold if secret in text]

    assert read_by(world.owner) == list(said_or_sold)
    assert read_by(service) == read_by(expert) == []
    assert "100.03" not in world.sign_in(expert).get(f"/members/{member.public_id}/").content.decode()


def test_the_tags_page_counts_only_whom_one_may_see(brand):
    world, people = brand["world"], brand["people"]
    twin = resolve_members([Known("咖友小号", (("wxid", "twin"),))], community=world.other.id, at=clock.now())[0]
    tag_members([*people, twin], brand["tag"], at=clock.now())
    merge_members(twin, people[0], at=clock.now())
    tag_members(people[5:7], brand["tag"], at=clock.now() - timedelta(days=9), expires_at=clock.now())
    stranger = Staff.objects.create(email="b@example.com", name="乙客服", created_at=clock.now(), password="!")
    Grant.objects.create(staff=stranger, role=Role.objects.get(key="service"), community=world.other)

    def held(staff):
        text = world.sign_in(staff).get("/members/tags/").content.decode()
        return re.search(r"铁粉</a> <span[^>]*>(\d+)", text)[1]

    assert held(world.owner) == "28"
    assert held(stranger) == "8"
    behind = world.sign_in(world.owner).get("/members/", {"tag": brand["tag"].pk, "size": 100}).content.decode()
    assert behind.count("<tr data-row=") == 28, "as the list it leads to"


def test_an_empty_list_offers_its_button_only_to_whom_it_leads_somewhere(world, expert):
    Membership.objects.all().delete()
    Member.objects.all().update(erased_at=clock.now())

    for staff, is_offered in ((world.owner, True), (expert, False)):
        text = world.sign_in(staff).get("/members/").content.decode()
        assert "还没有成员" in text
        assert ("导入文件" in text) is is_offered


@pytest.mark.parametrize("url", ["/members/tag/", "/members/untag/"])
def test_a_dialog_for_many_offers_no_tag_that_nobody_chose(brand, url):
    client = brand["world"].sign_in(brand["world"].owner)
    row = Member.objects.get(id=brand["people"][0]).public_id

    dialog = client.post(url, {"row": row}).content.decode()
    options = re.findall(r"<option value=\"(\d*)\"( selected)?", dialog)
    assert options[0][0] == ""
    assert not [value for value, selected in options if value and selected]
    # Instead of one that there is, a new one may be put on; none at all may not.
    assert ("required" in re.search(r"<select[^>]*>", dialog)[0]) == (url == "/members/untag/")

    assert client.post(url, {"row": row, "tag": ""}).status_code == 422
    assert not MemberTag.objects.exists()


def test_a_new_tag_is_made_where_it_is_put_on(brand):
    client = brand["world"].sign_in(brand["world"].owner)
    member = Member.objects.get(id=brand["people"][0])
    group = brand["tag"].group
    form = {"row": member.public_id, "tag": "", "new": "爱喝手冲"}

    assert "选新标签放在哪个标签组" in client.post("/members/tag/", form).content.decode()
    assert not Tag.objects.filter(name="爱喝手冲").exists()
    both = client.post("/members/tag/", {**form, "group": group.pk, "tag": brand["tag"].pk})
    assert both.status_code == 422
    assert client.post("/members/tag/", {**form, "group": group.pk}).status_code == 200
    made = Tag.objects.get(name="爱喝手冲")
    assert (made.group, list(member.member_tags.values_list("tag", flat=True))) == (group, [made.pk])
    # A name that is taken is refused, and nobody is tagged with anything.
    again = client.post("/members/tag/", {**form, "group": group.pk})
    assert again.status_code == 422
    assert MemberTag.objects.count() == 1


def test_the_first_tag_of_all_is_made_from_a_members_page(brand):
    client = brand["world"].sign_in(brand["world"].owner)
    member = Member.objects.get(id=brand["people"][0])
    Tag.objects.all().delete()
    TagGroup.objects.all().delete()
    url = reverse("console:member-tag", args=[member.public_id])

    assert 'name="group"' not in client.get(url).content.decode()
    assert client.post(url, {"tag": "", "new": "老客"}).status_code == 200
    assert [each.tag.name for each in member.member_tags.all()] == ["老客"]
    assert TagGroup.objects.get().name == "常用"


def test_contact_data_is_masked_and_cannot_be_searched_without_permission(brand, service, expert):
    world = brand["world"]
    member = Member.objects.get(id=brand["people"][3])
    url = f"/members/{member.public_id}/?tab=identities"
    assert "+8613900000003" in world.sign_in(service).get(url).content.decode()
    text = world.sign_in(expert).get(url).content.decode()
    assert "13900000003" not in text
    assert "wxid_3" not in text
    assert listed(world.sign_in(expert), "q=13900000003") == []
    assert "咖友03" not in world.sign_in(expert).get("/members/search/", {"q": "13900000003"}).content.decode()
    assert listed(world.sign_in(service), "q=13900000003") == ["咖友03"]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("phone", "+8613900008888", "+8613****88"), ("email", "li@x.cn", "l***@x.cn"), ("qq", "10001", "1****1")],
)
def test_a_masked_contact_keeps_little(kind, value, shown):
    assert masked(kind, value) == shown


def test_tagging_everybody_who_matches_tags_them_and_nobody_beyond_scope(brand, service):
    world = brand["world"]
    client = world.sign_in(service)
    form = {"all": "silent=1", "tag": brand["tag"].pk}
    assert client.post("/members/tag/", {"all": "silent=1"}).status_code == 200
    assert not MemberTag.objects.exists(), "asking which tag changes nothing"
    response = client.post("/members/tag/", form)
    assert "listing:refresh" in response.headers["HX-Trigger"]
    assert MemberTag.objects.count() == 8, "silent in 甲's group, whatever they said in 乙"
    stranger = Member.objects.get(name="乙群小明")
    client.post("/members/tag/", {"row": stranger.public_id, "tag": brand["tag"].pk})
    assert not stranger.member_tags.exists()
    client.post("/members/untag/", form)
    assert not MemberTag.objects.exists()


def test_the_export_is_a_workbook_of_what_is_listed(brand):
    world = brand["world"]
    response = world.sign_in(world.owner).get("/members/?q=咖友0&export=xlsx")
    body = io.BytesIO(b"".join(response.streaming_content))
    rows = CalamineWorkbook.from_filelike(body).get_sheet_by_index(0).to_python()
    assert len(rows) == 11
    assert rows[0][0] == "成员"


def test_somebody_who_was_only_ever_mentioned_has_a_page_too(brand):
    world = brand["world"]
    [mentioned] = resolve_members([Known("只被提到")], community=world.group.id, at=clock.now())
    member = Member.objects.get(id=mentioned)
    client = world.sign_in(world.owner)
    for tab in TABS:
        assert client.get(f"/members/{member.public_id}/{tab}").status_code == 200
    assert "只被提到" in client.get("/members/search/?q=被提").content.decode()


def test_a_timeline_pages_back_to_the_first_event(brand):
    world = brand["world"]
    member = Member.objects.get(id=brand["people"][2])
    now = clock.now()
    append(
        [
            Fact(MessageSent(f"话{n:03}"), now - timedelta(minutes=n), "t2", str(n), member.id, world.group.id)
            for n in range(75)
        ]
    )
    client = world.sign_in(world.owner)
    text = client.get(f"/members/{member.public_id}/").content.decode()
    seen = re.findall(r"话\d{3}", text)
    while more := re.search(r'hx-get="([^"]*timeline[^"]*)"', text):
        text = client.get(more[1].replace("&amp;", "&")).content.decode()
        seen += re.findall(r"话\d{3}", text)
    assert seen == [f"话{n:03}" for n in range(75)]


def test_a_profile_is_edited_in_its_place_and_says_what_it_cannot_read(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    member = Member.objects.get(id=brand["people"][0])
    client.post("/members/fields/new/", {"title": "生日", "type": "date", "is_personal": "on"})
    url = f"/members/{member.public_id}/field/生日/edit/"
    assert client.post(url, {"value": "昨天"}).status_code == 422
    assert "1990-05-01" in client.post(url, {"value": "1990-05-01"}).content.decode()
    member.refresh_from_db()
    assert member.attributes == {"生日": "1990-05-01"}


def test_a_merge_by_hand_can_be_undone_on_the_page(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    first, second = (Member.objects.get(id=brand["people"][n]) for n in (0, 1))
    client.post(f"/members/{first.public_id}/merge/", {"other": second.public_id, "reason": "本人说的"})
    assert Member.objects.get(id=second.id).canonical_id == first.id
    assert client.get(f"/members/{second.public_id}/").context["member"] == first, "an old address leads to the person"
    merge = Merge.objects.get(record=second)
    client.post(f"/members/{first.public_id}/split/{merge.pk}/")
    assert Member.objects.get(id=second.id).canonical_id is None


def test_a_proposal_is_decided_and_the_decision_taken_back(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    first, second = brand["people"][:2]
    propose_pairs([(first, second)], score=80, evidence={"order": True}, at=clock.now())
    proposal = MergeProposal.objects.get(first=first, second=second).pk
    assert "同一张订单" in client.get("/members/proposals/").content.decode()
    keep = Member.objects.get(id=second).public_id
    response = client.post(f"/members/proposals/{proposal}/accept/", {"keep": keep})
    assert b"hx-swap-oob" in response.content
    assert f"/members/proposals/{proposal}/undo/" in response.headers["HX-Trigger"]
    assert Member.objects.get(id=first).canonical_id == second
    client.post(f"/members/proposals/{proposal}/undo/")
    assert Member.objects.get(id=first).canonical_id is None
    client.post(f"/members/proposals/{proposal}/reject/")
    client.post(f"/members/proposals/{proposal}/undo/")
    assert MergeProposal.objects.get(pk=proposal).decided_at is None


def test_an_erased_member_is_gone_from_every_page(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    member = Member.objects.get(id=brand["people"][4])
    merge_members(brand["people"][5], member.id, at=clock.now())
    assert client.post(f"/members/{member.public_id}/erase/").status_code == 302
    assert client.get(f"/members/{member.public_id}/").status_code == 404
    audit = client.get("/audit/?action=member.erased").content.decode()
    assert f"已删除的成员 #{member.id}" in audit
    assert "咖友04" not in audit
    assert "咖友04" not in listed(client, "size=100")
    assert "咖友04" not in client.get("/members/search/?q=咖友04").content.decode().split("搜索“咖友04”")[-1]
    assert not Identity.objects.filter(value="wxid_4").exists()


def test_words_for_everybody_are_changed_only_by_those_who_may_edit_everywhere(brand, service):
    world = brand["world"]
    client = world.sign_in(service)
    assert client.post("/members/tags/groups/new/", {"name": "私自"}).status_code == 409
    assert client.post(f"/members/tags/{brand['tag'].pk}/delete/").status_code == 409
    assert Tag.objects.filter(pk=brand["tag"].pk).exists()
    assert world.sign_in(world.owner).post("/members/tags/groups/new/", {"name": "城市"}).status_code == 302


def test_the_search_box_finds_members_and_communities_in_scope(brand, service):
    world = brand["world"]
    panel = {"HX-Request": "true", "HX-Target": "div#search-panel"}
    text = world.sign_in(service).get("/members/search/?q=乙", headers=panel).content.decode()
    assert "没有找到" in text
    text = world.sign_in(world.owner).get("/members/search/?q=乙", headers=panel).content.decode()
    assert "乙品牌" in text
    assert "<html" not in text


def test_the_list_of_communities_is_a_tree_of_what_one_may_see(brand, service):
    world = brand["world"]
    text = world.sign_in(world.owner).get("/communities/").content.decode()
    assert re.findall(r"乙品牌|密云品牌甲|密林读书群", re.sub(r"(?s)^.*<tbody", "", text))[:3] == [
        "乙品牌",
        "密云品牌甲",
        "密林读书群",
    ]
    mine = world.sign_in(service).get("/communities/").content.decode()
    assert "密林读书群" in mine
    assert "乙品牌" not in mine
    assert "密云品牌甲" not in mine


def test_a_community_is_made_planned_moved_turned_and_archived_from_its_pages(brand):
    world = brand["world"]
    client = world.sign_in(world.owner)
    made = client.post(
        "/communities/new/", {"name": "新群", "type": "learning", "parent": world.brand.public_id, "is_group": "1"}
    )
    community = Community.objects.get(name="新群")
    assert made.status_code == 302
    page = client.get(f"/communities/{community.public_id}/plan/").content.decode()
    assert "完课率" in page
    form = {
        "goal": "结营率 80%", "begins": "2026-03-02", "ends": "2026-03-22", "structure": "ring",
        "costs": "讲师：8,000 元\n平台: 99.5", "persona-city": "成都",
    }  # fmt: skip
    assert client.post(f"/communities/{community.public_id}/plan/blueprint/", form).status_code == 302
    community.refresh_from_db()
    assert community.blueprint["costs"] == [{"item": "讲师", "monthly": 800_000}, {"item": "平台", "monthly": 9_950}]
    assert community.blueprint["persona"]["city"] == "成都"
    assert (community.blueprint["begins"], community.blueprint["ends"]) == ("2026-03-02", "2026-03-22")
    assert "2026-03-22" in client.get(f"/communities/{community.public_id}/plan/").content.decode()
    early = client.post(f"/communities/{community.public_id}/plan/blueprint/", {**form, "ends": "2026-03-01"})
    assert early.status_code == 422
    assert "截止日早于开始日" in early.content.decode()
    wrong = client.post(f"/communities/{community.public_id}/plan/blueprint/", {"costs": "只有名字"})
    assert wrong.status_code == 422
    identity = {
        "slogan": "一起学",
        "vocabulary": "补卡：48 小时内",
        "rituals": "开营\n结营",
        "reception-opens": "09:00",
    }
    assert client.post(f"/communities/{community.public_id}/plan/identity/", identity).status_code == 302
    community.refresh_from_db()
    assert community.identity["rituals"] == ["开营", "结营"]
    client.post(f"/communities/{community.public_id}/transform/", {"type": "paid"})
    client.post(f"/communities/{community.public_id}/move/", {"parent": world.other.public_id})
    community.refresh_from_db()
    assert (community.type, community.parent_id) == ("paid", world.other.id)
    assert community.identity["slogan"] == "一起学"
    client.post(f"/communities/{community.public_id}/archive/")
    assert Community.objects.get(pk=community.pk).archived_at is not None
    client.post(f"/communities/{community.public_id}/restore/")
    assert Community.objects.get(pk=community.pk).archived_at is None


def test_a_community_is_not_moved_to_where_one_may_not_edit(brand):
    world = brand["world"]
    staff = Staff.objects.create(email="c@example.com", name="群主", created_at=clock.now(), password="!")
    Grant.objects.create(staff=staff, role=Role.objects.get(key="community_owner"), community=world.brand)
    client = world.sign_in(staff)
    for place in (world.other.public_id, ""):
        response = client.post(f"/communities/{world.group.public_id}/move/", {"parent": place})
        assert response.status_code == 422
    assert (
        client.post("/communities/new/", {"name": "顶层", "type": "brand", "parent": "", "is_group": "1"}).status_code
        == 422
    )
    assert Community.objects.get(pk=world.group.pk).parent_id == world.brand.pk


def test_a_file_holds_only_people_of_communities_whose_members_one_may_export(world, read):
    here = Member.objects.get(name="乙群小明")
    Membership.objects.create(member=world.member, community=world.other, first_seen_at=clock.now(), messages=1)
    staff = world.staff["admin of 乙"]
    Grant.objects.create(staff=staff, role=Role.objects.get(key="expert"), community=world.brand)
    client = world.sign_in(staff)
    listed = read(client.get("/members/"))
    assert "密友阿珍珍" in listed
    file = read(client.get("/members/?export=csv"))
    assert here.name in file
    assert "密友阿珍珍" not in file
    assert world.group.name not in file, "nor where else somebody is"
    viewer = world.sign_in(world.colleague)
    assert viewer.get("/members/?export=csv").headers["Content-Type"].startswith("text/html")


def test_what_a_member_spent_is_less_what_went_back_wherever_it_is_said(brand, service):
    world, member = brand["world"], Member.objects.get(pk=brand["people"][3])
    orders = [
        NewOrder("r1", clock.now(), Known("咖友03", (("wxid", "wxid_3"),)), 19_600, refunded=19_600),
        NewOrder("r2", clock.now(), Known("咖友03", (("wxid", "wxid_3"),)), 5_000, refunded=1_000),
    ]
    record_orders(orders, source="shop", community=world.group.id, at=clock.now())
    for projection in member_projections():
        catch_up(projection)
    # 100.03 of the story, and 40.00 that was kept of the second.
    for client in (world.sign_in(world.owner), world.sign_in(service)):
        page = client.get(f"/members/{member.public_id}/").content.decode()
        figure = re.search(r"累计消费</div>(.*?)</div></div>", page, re.DOTALL)[1]
        words = re.sub(r"<[^>]*>", "", figure)
        assert "¥140.03" in words
        assert "3 单" in words
        assert "已减退款 ¥206.00" in words
        assert "其中 1 单全退" in words
        assert "¥140.03" in client.get("/members/?q=咖友03").content.decode()
        assert listed(client, "paid_from=140.03") == ["咖友03"]
        assert listed(client, "paid_from=140.04") == []
        assert listed(client, "sort=-paid")[0] == "咖友03"
