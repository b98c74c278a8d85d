from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact, event_types
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up
from liuliang.lake.models import LakeAlias
from liuliang.people import erasure, identities
from liuliang.people.describing import Described, describe_members
from liuliang.people.erasure import erase_member
from liuliang.people.events import MemberRenamed, MessageSent
from liuliang.people.identities import Known, resolve_members
from liuliang.people.merging import member_projections, merge_members, merge_pairs
from liuliang.people.models import Activity, Member, Membership, MemberTag
from liuliang.people.proposals import propose_pairs
from liuliang.people.reactions import ErasureReaction

SECRETS = ("李晓明", "13800138000", "wxid_secret", "我住在花园路", "https://example.cn/me", "旧名字", "生日", "怕黑")


def everything_stored() -> str:
    """Return all text the database holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


@pytest.fixture
def person(transactional_db, make_community, at):
    community = make_community()
    ids = resolve_members(
        [
            Known("李晓明", (("wxid", "wxid_secret"),)),
            Known("李晓明", (("phone", "13800138000"),)),
            Known("旁人", (("wxid", "wxid_other"),)),
        ],
        community=community.id,
        at=at,
    )
    merge_members(ids[1], ids[0], at=at, reason="李晓明本人说的")
    propose_pairs([(ids[0], ids[2])], score=60, evidence={"name": "李晓明"}, at=at)
    Member.objects.filter(id__in=ids[:2]).update(attributes={"note": "怕黑", "birthday": "生日"})
    append(
        [
            Fact(MessageSent("我住在花园路", links=("https://example.cn/me",)), at, "wx", "1", ids[0], community.id),
            Fact(MemberRenamed("旧名字", "李晓明"), at, "wx", "2", ids[1], community.id),
            Fact(MessageSent("旁人的话"), at, "wx", "3", ids[2], community.id),
        ]
    )
    return community.id, ids


def fold_everything() -> None:
    for projection in member_projections():
        catch_up(projection)


def test_nothing_personal_of_an_erased_member_is_left_anywhere(person, at):
    _, ids = person
    fold_everything()
    erase_member(ids[1], at=at)
    stored = everything_stored()
    assert [secret for secret in SECRETS if json.dumps(secret)[1:-1] in stored or secret in stored] == []
    assert "旁人的话" in stored


def test_what_counts_without_a_name_remains(person, at):
    community, ids = person
    fold_everything()
    before = Activity.objects.get(member=ids[0]).messages, Membership.objects.filter(community=community).count()
    erase_member(ids[0], at=at)
    after = Activity.objects.get(member=ids[0]).messages, Membership.objects.filter(community=community).count()
    assert after == before
    assert set(LakeAlias.objects.filter(is_erased=True).values_list("recorded", flat=True)) == set(ids[:2])
    assert LoggedEvent.objects.filter(kind="member.erased").count() == 2


def test_a_later_import_counts_the_person_but_does_not_bring_them_back(person, at):
    community, ids = person
    erase_member(ids[0], at=at)
    later = at + timedelta(days=9)
    again = [
        Known("李晓明", (("wxid", "wxid_secret"),)),
        Known("李晓明", (("wxid", "wxid_secret"), ("email", "li@x.cn"))),
        Known("李晓明"),
    ]
    assert set(resolve_members(again, community=community, at=later)) == {ids[0]}
    assert resolve_members([Known("x", (("phone", "13800138000"),))], community=community, at=later) == [ids[1]]
    assert not Member.objects.filter(id__in=ids[:2]).exclude(name="").exists()
    assert not [secret for secret in ("李晓明", "li@x.cn", "13800138000") if secret in everything_stored()]


def test_what_an_import_still_appends_for_an_erased_member_is_scrubbed(person, at):
    community, ids = person
    catch_up(ErasureReaction())
    erase_member(ids[0], at=at)
    append(
        [
            Fact(MessageSent("我又来了"), at, "wx", "9", ids[1], community),
            Fact(MessageSent("我也是"), at, "wx", "10", ids[2]),
        ]
    )
    catch_up(ErasureReaction())
    assert "text" not in LoggedEvent.objects.get(source_id="9").data
    assert LoggedEvent.objects.get(source_id="10").data["text"] == "我也是"


def test_a_list_imported_later_says_nothing_of_an_erased_member(person, at):
    _, ids = person
    erase_member(ids[0], at=at)
    describe_members([Described(ids[1], {"city": "秘密之城"}, ["老友"], "怕黑")], at=at)
    assert "秘密之城" not in everything_stored()
    assert not MemberTag.objects.filter(member__in=ids[:2]).exists()


def test_an_erased_member_is_neither_erased_again_nor_merged(person, at):
    _, ids = person
    erase_member(ids[0], at=at)
    with pytest.raises(Refused, match=r"member\.erased"):
        erase_member(ids[1], at=at)
    with pytest.raises(Refused, match=r"member\.erased"):
        merge_members(ids[2], ids[0], at=at)
    assert merge_pairs({"same_identity": [(ids[2], ids[0])]}, at=at) == 0


def test_an_event_whose_personal_fields_are_gone_can_still_be_read():
    for kind, type_ in event_types().items():
        fields = type_.payload.__dataclass_fields__
        for name in type_.personal:
            assert fields[name].default is not fields[name].default_factory, f"{kind}.{name} needs a default"


def test_what_an_earlier_batch_commits_while_somebody_is_being_erased_is_scrubbed_afterwards(person, at, monkeypatch):
    community, ids = person
    catch_up(ErasureReaction())
    appended, scrubbed = threading.Event(), threading.Event()
    scrub = erasure.scrub

    def bring_in() -> None:
        try:
            with transaction.atomic():
                append([Fact(MessageSent("我还在说"), at, "wx", "late", ids[0], community)])
                appended.set()
                assert scrubbed.wait(60)
            catch_up(ErasureReaction())
        finally:
            connections.close_all()

    batch = threading.Thread(target=bring_in)

    def scrub_and_be_overtaken(*args) -> None:
        scrub(*args)
        monkeypatch.undo()
        scrubbed.set()
        batch.join()

    monkeypatch.setattr(erasure, "scrub", scrub_and_be_overtaken)
    batch.start()
    assert appended.wait(60)
    erase_member(ids[0], at=at)
    assert LoggedEvent.objects.get(source_id="late").data["text"] == "我还在说"
    catch_up(ErasureReaction())
    assert "text" not in LoggedEvent.objects.get(source_id="late").data


def test_events_of_a_kind_no_longer_known_lose_everything(person, at):
    _, ids = person
    LoggedEvent.objects.filter(source_id__in=["1", "3"]).update(kind="plugin.gone")
    erase_member(ids[0], at=at)
    assert LoggedEvent.objects.get(source_id="1").data == {}
    assert LoggedEvent.objects.get(source_id="3").data["text"] == "旁人的话"


def test_an_erasure_waits_for_members_being_created_before_it_holds_any_cursor(person, at):
    _, ids = person
    fold_everything()
    with connection.cursor() as cursor, transaction.atomic():
        # As a call that creates members does, and then goes on to merge.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [identities._ERASING])
        eraser = threading.Thread(target=lambda: (erase_member(ids[0], at=at), connections.close_all()))
        eraser.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = %s"
        while True:
            cursor.execute(waiting, [identities._ERASING])
            if cursor.fetchone()[0]:
                break
        assert merge_pairs({"same_identity": [(ids[2], ids[0])]}, at=at) == 1
    eraser.join()
    assert Member.objects.get(id=ids[2]).erased_at is not None
