from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from liuliang.people.identities import Known, identity_key, normal_phone, resolve_members, resolve_people
from liuliang.people.merging import merge_members, split_member
from liuliang.people.models import Identity, Member, Membership, Merge, MergeProposal
from liuliang.people.names import NAME_LIMIT, clean_name, grams


def test_the_same_identity_is_the_same_member_whenever_it_comes(make_community, at):
    here, there = make_community(), make_community()
    person = Known("小雨", (("qq", "10001"),))
    first = resolve_members([person, person, Known("别人", (("qq", "10002"),))], community=here.id, at=at)
    second = resolve_members([Known("换了名", (("qq", "10001"),))], community=there.id, at=at)
    assert first[0] == first[1] == second[0] != first[2]
    assert Member.objects.count() == 2


def test_whoever_reaches_some_communities_changes_nobody_of_others(make_community, at):
    here, there = make_community(), make_community()
    (known,) = resolve_members([Known("小雨", (("phone", "13800000001"),))], community=there.id, at=at)
    Membership.objects.create(member_id=known, community=there, first_seen_at=at)
    forged = Known("改名", (("phone", "13800000001"), ("email", "evil@example.com")))
    later = at + timedelta(days=1)
    found = resolve_people([forged, Known("新人")], community=here.id, at=later, may_merge=False, among=[here.id])
    assert found.members[0] == known
    assert found.elsewhere == {known}
    assert Member.objects.get(id=known).name == "小雨"
    assert not Identity.objects.filter(kind="email").exists()
    assert found.members[1] in found.created
    for among in ([here.id, there.id], None):
        assert not resolve_people([forged], community=here.id, at=later, among=among).elsewhere
    assert Member.objects.get(id=known).name == "改名"
    assert Identity.objects.get(kind="email").member_id == known


def test_a_buyer_whom_nobody_described_is_nobody_s_yet(make_community, at):
    here = make_community()
    phone = ("phone", "13800000001")
    (buyer,) = resolve_members([Known("买家", (phone,))], community=None, at=at)
    assert not resolve_people([Known("买家", (phone,))], community=here.id, at=at, among=[here.id]).elsewhere
    Member.objects.filter(id=buyer).update(attributes={"city": "上海"})
    assert resolve_people([Known("买家", (phone,))], community=here.id, at=at, among=[here.id]).elsewhere == {buyer}


def test_a_name_is_a_person_in_one_community_only(make_community, at):
    here, there = make_community(), make_community()
    tom = Known("Tom")
    assert resolve_members([tom], community=here.id, at=at) == resolve_members([tom], community=here.id, at=at)
    assert resolve_members([tom], community=here.id, at=at) != resolve_members([tom], community=there.id, at=at)


def test_identities_of_one_person_that_belong_to_two_members_merge_them(db, at):
    phone, qq = resolve_members(
        [Known("王芳", (("phone", "138 0013 8000"),)), Known("芳芳", (("qq", "10001"),))], community=None, at=at
    )
    assert phone != qq
    both = Known("芳芳", (("qq", "10001"), ("phone", "+8613800138000")))
    assert resolve_members([both], community=None, at=at) == [qq]
    assert Member.objects.get(id=phone).canonical_id == qq
    assert Merge.objects.get().rule == "same_identity"


def test_two_members_whom_staff_took_apart_are_not_merged_again_by_a_rule(db, at):
    both = Known("芳芳", (("qq", "10001"), ("phone", "13800138000")))
    phone, _ = resolve_members(
        [Known("王芳", (("phone", "13800138000"),)), Known("芳芳", (("qq", "10001"),))], community=None, at=at
    )
    resolve_members([both], community=None, at=at)
    split_member(phone, at=at)
    resolve_members([both], community=None, at=at)
    assert Member.objects.get(id=phone).canonical_id is None


def test_everybody_linked_through_identities_within_one_call_is_one_new_member(db, at):
    chain = [
        Known("a", (("qq", "1"), ("phone", "13800138000"))),
        Known("b", (("email", "B@x.cn"),)),
        Known("c", (("phone", "13800138000"), ("email", "b@x.cn"))),
    ]
    assert len(set(resolve_members(chain, community=None, at=at))) == 1
    assert Member.objects.count() == 1


def test_a_name_in_a_system_line_is_the_account_that_wears_it_in_that_chat(make_community, at):
    here = make_community()
    joined = resolve_members([Known("小雨")], community=here.id, at=at)
    spoke = resolve_members([Known("小雨", (("wxid", "wxid_1"),))], community=here.id, at=at)
    left = resolve_members([Known("小雨")], community=here.id, at=at)
    assert joined == spoke == left


def test_a_name_line_and_its_account_in_one_call_are_one_member(make_community, at):
    people = [Known("小雨"), Known("小雨", (("wxid", "wxid_1"),)), Known("小雨")]
    assert len(set(resolve_members(people, community=make_community().id, at=at))) == 1


def test_a_known_account_takes_over_its_name_in_a_new_chat(make_community, at):
    here, there = make_community(), make_community()
    account = Known("小雨", (("wxid", "wxid_1"),))
    [known] = resolve_members([account], community=here.id, at=at)
    [named] = resolve_members([Known("小雨")], community=there.id, at=at)
    resolve_members([account], community=there.id, at=at)
    assert Member.objects.get(id=named).canonical_id == known
    assert Merge.objects.get().rule == "chat_name"


def test_a_second_account_under_a_worn_name_is_somebody_else(make_community, at):
    here = make_community()
    accounts = [Known("小雨", (("qq", "1"),)), Known("小雨", (("qq", "2"),)), Known("小雨")]
    first, second, named = resolve_members(accounts, community=here.id, at=at)
    assert first != second
    assert named == first
    assert not MergeProposal.objects.exists()


def test_a_buyer_does_not_take_over_a_name_but_is_proposed(make_community, at):
    here = make_community()
    [member] = resolve_members([Known("欧阳春晓", (("qq", "1"),))], community=here.id, at=at)
    other = make_community("分群", parent=here)
    [named] = resolve_members([Known("欧阳春晓")], community=other.id, at=at)
    assert member != named
    proposal = MergeProposal.objects.get()
    assert (proposal.first_id, proposal.second_id) == (member, named)
    assert proposal.score == 85
    assert proposal.evidence["tree"] == here.id


def test_a_name_borne_by_many_proposes_nothing(make_community, at):
    brand = make_community()
    for number in range(6):
        resolve_members([Known("微信用户")], community=make_community(f"{number}", parent=brand).id, at=at)
    assert MergeProposal.objects.filter(second_id=Member.objects.latest("id").id).count() == 0


def test_the_latest_sight_names_a_member_whatever_order_files_come_in(db, at):
    qq = (("qq", "1"),)
    [member] = resolve_members([Known("新名", qq)], community=None, at=at)
    resolve_members([Known("旧名", qq)], community=None, at=at - timedelta(days=1))
    assert Member.objects.get(id=member).name == "新名"
    resolve_members([Known("更新", qq)], community=None, at=at + timedelta(days=1))
    found = Member.objects.get(id=member)
    assert found.name == "更新"
    assert set(grams("新名")) <= set(found.name_grams), "found under the old name too"


def test_a_name_seen_on_a_merged_record_names_the_person(db, at):
    first, second = resolve_members([Known("甲", (("qq", "1"),)), Known("乙", (("qq", "2"),))], community=None, at=at)
    merge_members(second, first, at=at)
    resolve_members([Known("丙", (("qq", "2"),))], community=None, at=at + timedelta(days=1))
    person = Member.objects.get(id=first)
    assert person.name == "丙"
    assert "丙" in person.name_grams


def test_hostile_names_are_stored_bounded_and_clean(db, at):
    names = ["x" * 10_000, "\u202egnp.exe\x00", "👨‍👩‍👧" * 400, "", "  \n "]
    ids = resolve_members([Known(name, (("qq", str(n)),)) for n, name in enumerate(names)], community=None, at=at)
    for member in Member.objects.filter(id__in=ids):
        assert len(member.name) <= NAME_LIMIT
        assert not set("\x00\n\u202e") & set(member.name)


def test_an_identity_too_long_to_store_is_still_its_own(db, at):
    long = ["a" * 5_000, "a" * 4_999 + "b"]
    assert len(set(resolve_members([Known("", (("openid", each),)) for each in long], community=None, at=at))) == 2


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("13800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+44 20 7946 0018", "+442079460018"),
        ("020-81234567", "02081234567"),
        ("none", ""),
    ],
)
def test_a_phone_number_is_one_identity_however_it_is_written(written, stored):
    assert normal_phone(written) == stored


@given(st.text(max_size=300))
def test_cleaning_a_name_twice_changes_nothing_more(text):
    once = clean_name(text)
    assert clean_name(once) == once


@given(st.text(max_size=60), st.integers(0, 59), st.integers(1, 20))
def test_the_grams_of_a_part_are_among_the_grams_of_the_name(text, start, length):
    name = clean_name(text)
    folded = "".join(name.casefold().split())
    assert set(grams(folded[start : start + length])) <= set(grams(folded)) or not folded.isascii()


@given(st.sampled_from(["qq", "phone", "email", "wxid"]), st.text(max_size=400))
def test_a_stored_identity_is_stable(kind, value):
    key = identity_key(kind, value)
    if key is not None:
        assert len(key.value) <= 300
        assert identity_key(*key) == key


def test_ten_imports_at_once_agree_on_who_everybody_is(transactional_db, make_community, at):
    communities = [make_community().id for _ in range(3)]
    people = [Known(f"人{n % 40}", (("qq", str(n)),) if n % 3 else ()) for n in range(120)]
    people += [Known(f"人{n}", (("phone", f"1380013{n:04}"), ("qq", str(n)))) for n in range(40)]
    answers: list[list[int]] = [[] for _ in range(10)]
    failures: list[Exception] = []

    def work(index: int) -> None:
        try:
            order = sorted(range(len(people)), key=lambda n: (n * (index + 7)) % 163)
            ids = resolve_members([people[n] for n in order], community=communities[index % 3], at=at)
            answers[index] = [ids[order.index(n)] for n in range(len(people))]
        except Exception as error:  # noqa: BLE001 - shown below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[index]) for index in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    person = {m.id: m.canonical_id or m.id for m in Member.objects.all()}
    strong = [n for n, known in enumerate(people) if known.identities]
    for n in strong:
        assert len({person[answer[n]] for answer in answers}) == 1
    assert Identity.objects.filter(kind="qq").count() == len({v for p in people for k, v in p.identities if k == "qq"})
    assert not Member.objects.filter(identities=None).exists(), "nothing made in vain is left"


def test_who_may_merge_nobody_only_proposes_who_shares_an_identity(db, at):
    phone, qq = resolve_members(
        [Known("甲", (("phone", "13800138000"),)), Known("乙", (("qq", "10001"),))], community=None, at=at
    )
    both = Known("甲", (("qq", "10001"), ("phone", "13800138000")))
    for _ in range(2):
        assert resolve_members([both], community=None, at=at, may_merge=False) == [qq]
    assert not Member.objects.exclude(canonical=None).exists()
    proposal = MergeProposal.objects.get()
    assert {proposal.first_id, proposal.second_id} == {phone, qq}
    assert resolve_members([both], community=None, at=at) == [qq]
    assert Member.objects.get(id=phone).canonical_id == qq


def test_who_may_merge_nobody_only_proposes_that_a_name_is_an_account(make_community, at):
    here = make_community()
    account = Known("小雨", (("wxid", "wxid_1"),))
    [known] = resolve_members([account], community=None, at=at)
    [named] = resolve_members([Known("小雨")], community=here.id, at=at)
    assert resolve_members([account], community=here.id, at=at, may_merge=False) == [known]
    assert Member.objects.get(id=named).canonical_id is None
    assert MergeProposal.objects.count() == 1


def test_a_chat_gives_a_name_of_its_own_to_the_account_whoever_imports(make_community, at):
    here, there = make_community(), make_community()
    account = Known("小雨", (("wxid", "wxid_1"),))
    [known] = resolve_members([account], community=None, at=at)
    [named] = resolve_members([Known("小雨")], community=here.id, at=at)
    [elsewhere] = resolve_members([Known("小雨")], community=there.id, at=at)
    assert resolve_members([account], community=here.id, at=at, may_merge=False, is_chat=True) == [known]
    assert Member.objects.get(id=named).canonical_id == known
    assert Member.objects.get(id=elsewhere).canonical_id is None


def test_a_record_that_is_known_elsewhere_is_no_mere_name_of_the_chat(make_community, at):
    here, there = make_community(), make_community()
    account = Known("小雨", (("wxid", "wxid_1"),))
    resolve_members([account], community=None, at=at)
    [named] = resolve_members([Known("小雨")], community=here.id, at=at)
    Identity.objects.create(kind="name", value=f"{there.id}:小雨", member_id=named, created_at=at)
    resolve_members([account], community=here.id, at=at, may_merge=False, is_chat=True)
    assert Member.objects.get(id=named).canonical_id is None
