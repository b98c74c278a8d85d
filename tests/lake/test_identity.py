from __future__ import annotations

from datetime import timedelta

import time_machine
from django.db import connection, transaction

from liuliang.kernel import clock
from liuliang.lake import aliases, catalogue, erasure, rewriting
from liuliang.lake.models import LakeAlias, LakeFile
from liuliang.lake.queries import fingerprint, query

from .conftest import START, seal_here

SECRET = "meet-me-at-the-old-bridge"


def speakers() -> list[int]:
    return [row[0] for row in query("SELECT DISTINCT member FROM {member_day} ORDER BY member").rows]


def texts() -> list[str]:
    return [row[0] for row in query("SELECT JSONExtractString(data, 'text') FROM {events} ORDER BY position").rows]


def stored() -> bytes:
    import pyarrow.parquet as pq

    found = b""
    for path in catalogue.root().iterdir():
        found += path.read_bytes() + repr(pq.read_table(path).to_pylist()).encode()
    return found


def test_a_merge_is_read_at_once_and_a_split_gives_back_what_was_there(ripple, time_zones):
    ripple(member=1)
    ripple(member=2)
    seal_here()
    aliases.set_canonical({2: 1})
    assert speakers() == [1]
    aliases.set_canonical({2: 2})
    assert speakers() == [1, 2]


def test_settled_merges_stand_in_the_files_and_can_still_be_undone(ripple, time_zones):
    ripple(member=1)
    ripple(member=2)
    ripple(member=3, friend=2)
    seal_here()
    aliases.set_canonical({2: 1})
    assert rewriting.settle() == 1
    assert not catalogue.take_snapshot().pending
    assert speakers() == [1, 3]
    assert query("SELECT other FROM {events} WHERE member = 3").rows == [(1,)]
    aliases.set_canonical({2: 2})
    assert speakers() == [1, 2, 3]
    rewriting.settle()
    assert speakers() == [1, 2, 3]
    assert query("SELECT other FROM {events} WHERE member = 3").rows == [(2,)]


def test_events_sealed_after_a_merge_settled_count_for_the_person(ripple, time_zones):
    ripple(member=2)
    mark = seal_here()
    aliases.set_canonical({2: 1})
    rewriting.settle()
    ripple(member=2)
    seal_here(mark)
    assert query("SELECT member, recorded_member, count() FROM {events} GROUP BY ALL").rows == [(1, 2, 2)]
    assert query("SELECT member, sum(count) FROM {member_day} GROUP BY ALL").rows == [(1, 2)]


def test_an_alias_that_changes_while_files_are_rewritten_stays_pending(ripple, time_zones, monkeypatch):
    ripple(member=2)
    seal_here()
    aliases.set_canonical({2: 1})
    rewrite = rewriting._rewrite

    def change_meanwhile(*args):
        rewrite(*args)
        aliases.set_canonical({2: 5})

    monkeypatch.setattr(rewriting, "_rewrite", change_meanwhile)
    assert rewriting.settle() == 0
    assert speakers() == [5]
    monkeypatch.undo()


def test_erased_text_is_unreadable_at_once_and_what_is_not_personal_stays(ripple, time_zones):
    ripple(member=1, text=SECRET, amount=5)
    ripple(member=2, text="hello")
    seal_here()
    erasure.erase([1])
    assert texts() == ["", "hello"]
    row = query("SELECT value, JSONExtractString(data, 'mood'), member FROM {events} ORDER BY position LIMIT 1").rows
    assert row == [(5, "calm", 1)]


def test_erased_text_is_in_no_file_after_the_rewrite_and_the_grace(ripple, time_zones):
    ripple(member=1, text=SECRET)
    ripple(member=2, text="hello")
    seal_here()
    assert SECRET.encode() in stored()
    erasure.erase([1])
    rewriting.settle()
    assert not catalogue.take_snapshot().pending
    assert texts() == ["", "hello"]
    with time_machine.travel(clock.now() + catalogue.grace() + timedelta(seconds=1), tick=False), transaction.atomic():
        assert catalogue.sweep() == 1
    assert SECRET.encode() not in stored()
    assert texts() == ["", "hello"]


def test_what_an_erased_member_is_later_found_to_have_said_is_not_sealed(ripple, time_zones):
    erasure.erase([1])
    rewriting.settle()
    ripple(member=1, text=SECRET)
    seal_here()
    assert SECRET.encode() not in stored()
    assert texts() == [""]


def test_of_a_kind_that_nobody_knows_any_more_an_erased_member_keeps_nothing(db, time_zones):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_event (id, kind, occurred_at, member, source, source_id, data) VALUES"
            " (gen_random_uuid(), 'plugin.gone', %s, 1, 'old', '1', %s)",
            [START, '{"diary": "' + SECRET + '"}'],
        )
    seal_here()
    erasure.erase([1])
    assert query("SELECT data FROM {events}").rows == [("{}",)]
    rewriting.settle()
    assert query("SELECT data FROM {events}").rows == [("{}",)]


def test_only_files_that_say_otherwise_are_rewritten(ripple, time_zones):
    ripple(member=1)
    mark = seal_here()
    ripple(member=2)
    seal_here(mark)
    untouched = set(LakeFile.objects.order_by("id").values_list("path", flat=True)[:2])
    aliases.set_canonical({2: 3})
    rewriting.settle()
    live = catalogue.take_snapshot().files
    assert untouched <= {*live["event"], *live["member_day"]}
    assert LakeFile.objects.exclude(retired_at=None).count() == 2


def test_erasing_and_merging_one_member_keeps_both(db):
    erasure.erase([4])
    aliases.set_canonical({4: 9})
    assert list(LakeAlias.objects.values_list("recorded", "canonical", "is_erased")) == [(4, 9, True)]
    erasure.erase([4, 4])
    assert list(LakeAlias.objects.values_list("recorded", "canonical", "is_erased")) == [(4, 9, True)]


def test_the_fingerprint_changes_with_answers_and_not_with_files(ripple, time_zones):
    ripple(member=2)
    seal_here()
    seen = [fingerprint()]
    aliases.set_canonical({2: 1})
    seen.append(fingerprint())
    rewriting.settle()
    seen.append(fingerprint())
    aliases.set_canonical({2: 2})
    seen.append(fingerprint())
    assert len(set(seen)) == 4
    assert fingerprint() == seen[-1]


def test_thousands_of_pending_merges_are_still_one_query(ripple, time_zones):
    ripple(member=20_000)
    seal_here()
    aliases.set_canonical(dict.fromkeys(range(2, 20001), 1))
    assert speakers() == [1]
