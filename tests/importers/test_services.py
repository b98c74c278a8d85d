from __future__ import annotations

import io
import json
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from liuliang.accounts.models import Staff
from liuliang.commerce.models import Order
from liuliang.importers import holds, running, services, storage
from liuliang.importers import jobs as importing_jobs
from liuliang.importers.models import Import, ImportProblem
from liuliang.kernel import clock, jobs
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.communities import create_community
from liuliang.people.models import Community, Member

pytestmark = pytest.mark.django_db

HEAD = (
    "消息记录（此消息记录为文本格式，不支持重新导入）\n\n"
    + "=" * 64
    + "\n消息分组:我的群聊\n"
    + "=" * 64
    + "\n消息对象:读书群\n"
    + "=" * 64
    + "\n\n"
)
START = datetime(2026, 3, 1, 8, 0, 0)  # noqa: DTZ001 - the file's own local time


def chat(count: int, *, first: int = 0) -> bytes:
    """Write a QQ export of ``count`` messages by seven people, a minute apart, every tenth said twice."""
    lines = []
    for number in range(first, first + count):
        at = START + timedelta(minutes=number)
        words = f"第 {number} 条，{'谁知道几点开始？' if number % 9 == 0 else '早上好'}"
        message = f"{at:%Y-%m-%d %H:%M:%S} 书友{number % 7}({20000 + number % 7})\n{words}\n"
        lines += [message] * (2 if number % 10 == 0 else 1)
    return (HEAD + "\n".join(lines)).encode()


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(running, "BATCH", 25)


def bring_in(content: bytes, name: str = "读书群.txt") -> Import:
    row = services.receive(io.BytesIO(content), name)
    assert services.examine(row) is not None
    services.queue(row)
    return services.run(row.pk)


def log() -> list[tuple]:
    return sorted(LoggedEvent.objects.values_list("kind", "occurred_at", "source", "source_id", "data__text"))


def test_a_file_goes_into_the_log_and_is_dropped(settings):
    row = bring_in(chat(100))
    assert row.state == "done"
    assert row.counts["messages"] == 110
    assert LoggedEvent.objects.filter(kind="message.sent").count() == 110
    assert Community.objects.get().name == "读书群"
    assert Member.objects.count() == 7
    assert list(settings.UPLOAD_ROOT.iterdir()) == []


def test_the_same_file_again_adds_nothing():
    bring_in(chat(100))
    before = log()
    row = bring_in(chat(100), "again.txt")
    assert row.counts["added"] == 0
    assert log() == before


def test_an_overlapping_file_adds_what_is_new():
    bring_in(chat(100))
    bring_in(chat(100, first=60), "later.txt")
    both = log()
    LoggedEvent.objects.all().delete()
    bring_in(chat(160), "whole.txt")
    assert [event[1:] for event in log()] == [event[1:] for event in both]


def test_a_run_that_is_stopped_goes_on_where_it_stood():
    bring_in(chat(100))
    undisturbed = log()
    LoggedEvent.objects.all().delete()
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)
    runs = 0
    try:
        while True:
            jobs.stopping.set()
            runs += 1
            if services.run(row.pk).state == "done":
                break
    finally:
        jobs.stopping.clear()
    assert runs > 3
    assert log() == undisturbed


def test_a_run_that_dies_loses_and_doubles_nothing(monkeypatch):
    bring_in(chat(100))
    undisturbed = log()
    LoggedEvent.objects.all().delete()
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)

    def die(_row: Import) -> None:
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            services.run(row.pk, on_progress=die)
    assert services.run(row.pk).state == "done"
    assert log() == undisturbed


def test_of_two_runs_of_one_import_only_one_counts():
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)
    other = []

    def overtake(_row: Import) -> None:
        if not other:
            other.append(True)
            services.run(row.pk)

    ended = services.run(row.pk, on_progress=overtake)
    assert ended.state == "done"
    assert LoggedEvent.objects.filter(kind="message.sent").count() == 110
    assert ended.counts["read"] == Import.objects.get(pk=row.pk).counts["read"]


def test_a_cancelled_import_keeps_what_it_brought(settings):
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)

    def stop(running_row: Import) -> None:
        if running_row.checkpoint == 50:
            services.cancel(running_row)

    assert services.run(row.pk, on_progress=stop).state == "cancelled"
    assert 0 < LoggedEvent.objects.count() < 110
    assert list(settings.UPLOAD_ROOT.iterdir()) == []
    with pytest.raises(Refused):
        services.cancel(row)


def test_a_date_that_cannot_be_true_is_told_and_the_rest_is_read():
    row = bring_in(chat(20) + "\n2999-01-01 10:00:00 书友1(20001)\n来自未来\n".encode())
    assert row.state == "done"
    assert row.unreadable == 1
    assert row.counts["messages"] == 22
    told = ImportProblem.objects.get()
    assert told.reason == "date_out_of_range"
    assert told.excerpt == "2999-01-01 10:00:00 书友1 来自未来"
    assert LoggedEvent.objects.filter(kind="message.sent").count() == 22


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\x00\x01\x02\x03" * 100, "import.format_unknown"), (b"hello world\n", "import.format_unknown")],
)
def test_a_file_of_the_wrong_kind_changes_nothing(content, code):
    row = services.receive(io.BytesIO(content), "x.bin")
    assert services.examine(row) is None
    assert (row.state, row.error) == ("failed", code)
    assert LoggedEvent.objects.count() == Community.objects.count() == 0


def test_an_empty_or_too_large_file_is_not_kept(settings):
    settings.UPLOAD_LIMIT = 1_000
    for content in (b"", b"x" * 1_001):
        with pytest.raises(Refused):
            services.receive(io.BytesIO(content), "x.txt")
    assert not Import.objects.exists()
    assert not settings.UPLOAD_ROOT.exists() or list(settings.UPLOAD_ROOT.iterdir()) == []


def test_an_unknown_zone_is_refused():
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(row)
    with pytest.raises(Refused) as refusal:
        services.queue(row, timezone="Mars/Olympus")
    assert refusal.value.code == "import.zone_unknown"
    row.refresh_from_db()
    assert row.state == "ready"


def test_times_are_those_of_the_zone_that_was_chosen():
    row = services.receive(io.BytesIO(chat(1)), "读书群.txt")
    services.examine(row)
    services.queue(row, timezone="America/New_York")
    services.run(row.pk)
    assert LoggedEvent.objects.first().occurred_at.isoformat() == "2026-03-01T13:00:00+00:00"


def test_a_chat_that_was_read_in_another_zone_is_not_counted_twice():
    bring_in(chat(5))
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(row)
    with pytest.raises(Refused) as refusal:
        services.queue(row, timezone="America/New_York")
    assert refusal.value.code == "import.zone_differs"
    assert refusal.value.data["before"] == "Asia/Shanghai"
    row.refresh_from_db()
    assert row.state == "ready"

    # A clock that shows the same is no other zone, and who knows better is believed.
    services.queue(row, timezone="Asia/Hong_Kong")
    assert services.run(row.pk).counts["added"] == 0
    sure = services.receive(io.BytesIO(chat(5, first=500)), "读书群.txt")
    services.examine(sure)
    services.queue(sure, timezone="America/New_York", is_sure=True)
    assert services.run(sure.pk).counts["added"] > 0


def test_a_chat_is_read_in_the_zone_it_was_read_in_before():
    first = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(first)
    services.queue(first, timezone="America/New_York")
    services.run(first.pk)
    assert bring_in(chat(8)).timezone == "America/New_York"


def test_a_chat_read_in_the_wrong_zone_can_be_read_rightly_into_another_community():
    first = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(first)
    services.queue(first, timezone="America/New_York")
    services.run(first.pk)
    anew = create_community(name="读书群（重新导入）", at=clock.now())
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(row)
    services.queue(row, community=anew, timezone="Asia/Shanghai")
    services.run(row.pk)
    right = LoggedEvent.objects.filter(community=anew.pk, kind="message.sent").order_by("occurred_at")
    assert right[0].occurred_at.isoformat() == "2026-03-01T00:00:00+00:00"


ORDERS = "订单号,下单时间,手机号,实付金额,退款金额\n{rows}\n"


def orders(*rows: str) -> bytes:
    return ORDERS.format(rows="\n".join(rows)).encode()


def test_a_row_that_cannot_be_true_does_not_hold_up_the_others():
    content = orders(
        "A1,2026-03-01 10:00:00,13800000001,100,150",
        "A2,0001-01-01 00:00:00,13800000002,100,0",
        "A3,2026-03-01 11:00:00,13800000003,99999999999999999999,0",
        "A4,2026-03-01 12:00:00,13800000004,12.50,2.50",
    )
    row = bring_in(content, "订单.csv")
    assert row.state == "done"
    assert list(Order.objects.values_list("number", "amount", "refunded")) == [("A4", 1250, 250)]
    assert row.unreadable == 3


def test_a_list_of_orders_says_what_they_came_from_and_who_is_in_charge():
    colleague = Staff.objects.create(email="atao@example.com", name="阿桃", created_at=clock.now())
    rows = (
        "订单号,下单时间,手机号,实付金额,来自内容,玩法,导购",
        "A1,2026-03-01 10:00:00,13800000001,100,手冲教程,拼团,阿桃",
        "A2,2026-03-01 11:00:00,13800000002,50,-,,没这个人",
    )
    row = bring_in("\n".join(rows).encode(), "订单.csv")
    assert row.state == "done"
    assert list(Order.objects.order_by("number").values_list("number", "content", "play", "staff")) == [
        ("A1", "手冲教程", "拼团", colleague.pk),
        ("A2", "", "", None),
    ]
    # The order is kept; that nobody is called so is said.
    assert row.unreadable == 1


def test_nothing_of_a_list_is_kept_beside_the_log():
    row = bring_in(orders("A1,2026-03-01 10:00:00,13800000001,100,0"), "订单.csv")
    row.refresh_from_db()
    assert row.path == ""
    assert "13800000001" not in str(row.inspection)
    assert "13800000001" not in "".join(LoggedEvent.objects.values_list("source_id", flat=True))


def test_something_unforeseen_ends_the_import_and_can_be_tried_again(monkeypatch):
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)

    def stumble(*_: object) -> None:
        raise ValueError("13800000001")

    with monkeypatch.context() as patched:
        patched.setattr(running.Run, "_bring_in_rows", stumble)
        assert services.run(row.pk).error == "import.failed"
    services.queue(row)
    assert services.run(row.pk).state == "done"
    assert LoggedEvent.objects.filter(kind="message.sent").count() == 110


def test_a_cancelled_import_stays_cancelled_when_its_run_is_stopped():
    row = services.receive(io.BytesIO(chat(100)), "读书群.txt")
    services.examine(row)
    services.queue(row)

    def cancel_and_stop(under_way: Import) -> None:
        services.cancel(under_way)
        jobs.stopping.set()

    try:
        assert services.run(row.pk, on_progress=cancel_and_stop).state == "cancelled"
    finally:
        jobs.stopping.clear()
    assert Import.objects.get(pk=row.pk).state == "cancelled"


def test_files_that_nobody_imported_go_after_a_week(settings):
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(row)
    services.tidy(row.created_at + timedelta(days=6))
    assert list(settings.UPLOAD_ROOT.iterdir())
    services.tidy(row.created_at + timedelta(days=8))
    assert not list(settings.UPLOAD_ROOT.iterdir())
    row.refresh_from_db()
    with pytest.raises(Refused):
        services.queue(row)


def test_what_was_sent_in_part_goes_after_a_day_and_what_is_waiting_stays(settings):
    """A process that is killed while it takes a file in leaves a folder that no import knows of."""
    waiting = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    sent = Import.objects.create(file_name="x", size=1, created_at=waiting.created_at, state="done")
    for public_id in ("a" * 16, sent.public_id):
        storage.folder_of(public_id).mkdir()
        (storage.folder_of(public_id) / "x.txt").write_text("half of a ch")
    part = settings.FILE_UPLOAD_TEMP_DIR / "tmpab12cd_z.upload.txt"
    part.write_text("half of a ch")
    services.tidy(waiting.created_at + timedelta(hours=23))
    assert len(list(settings.UPLOAD_ROOT.iterdir())) == 3
    services.tidy(waiting.created_at + timedelta(hours=25))
    assert [path.name for path in settings.UPLOAD_ROOT.iterdir()] == [waiting.public_id]
    assert not part.exists()
    assert services.examine(waiting) is not None


def test_an_import_that_nobody_is_at_work_on_is_gone_on_with():
    rows = {state: services.receive(io.BytesIO(chat(5)), f"{state}.txt") for state in ("uploaded", "queued", "running")}
    for state in ("ready", "failed", "done", "cancelled"):
        rows[state] = services.receive(io.BytesIO(chat(5)), f"{state}.txt")
    for state, row in rows.items():
        Import.objects.filter(pk=row.pk).update(state=state)
    last = max(row.created_at for row in rows.values())
    assert services.left_behind(last) == ([], [])
    soon = last + timedelta(minutes=2)
    assert services.left_behind(soon) == ([rows["uploaded"].pk], [rows["queued"].pk, rows["running"].pk])
    with holds.hold(rows["uploaded"].pk), holds.hold(rows["running"].pk):
        assert services.left_behind(soon) == ([], [rows["queued"].pk])


def test_who_is_at_work_on_an_import_is_left_to_it(transactional_db):
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    answers = []

    def look() -> None:
        try:
            answers.append((services.examine(Import.objects.get(pk=row.pk)), services.run(row.pk).state))
        finally:
            connections.close_all()

    services.examine(row)
    services.queue(row)
    with holds.hold(row.pk) as is_mine:
        assert is_mine
        other = threading.Thread(target=look)
        other.start()
        other.join()
    assert answers == [(None, "queued")]
    assert services.run(row.pk).state == "done"


def test_what_examining_finds_does_not_stop_an_import_that_was_started_meanwhile():
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    services.examine(row)
    late = Import.objects.get(pk=row.pk)
    services.queue(row)
    assert services.examine(late) is None
    assert Import.objects.get(pk=row.pk).state == "queued"
    services.cancel(row)
    assert services.examine(late) is None
    assert Import.objects.get(pk=row.pk).state == "cancelled"


def test_the_job_that_goes_on_with_imports_asks_for_each_once(transactional_db):
    row = services.receive(io.BytesIO(chat(5)), "读书群.txt")
    Import.objects.filter(pk=row.pk).update(created_at=row.created_at - timedelta(hours=1))
    for _ in range(2):
        importing_jobs.take_up_imports(timestamp=0)
    assert ProcrastinateJob.objects.filter(task_name="importers.examine", args__import_id=row.pk).count() == 1


def test_a_join_told_by_name_and_later_by_account_counts_once():
    """Telegram's notices have names; whose they are shows when the person has spoken, in a later export."""

    def export(*messages: dict[str, object]) -> bytes:
        return json.dumps({"name": "群", "type": "private_supergroup", "id": 1, "messages": messages}).encode()

    came = {"id": 1, "type": "service", "date_unixtime": "1704074400", "actor": "甲", "actor_id": "user7"}
    came |= {"action": "invite_members", "members": ["乙", "丙"]}
    spoke = {"id": 2, "type": "message", "date_unixtime": "1704074500", "from": "丙", "from_id": "user9", "text": "早"}
    first = bring_in(export(came), "result.json")
    again = bring_in(export(came, spoke), "result.json")
    assert (first.counts["joins"], again.counts["joins"]) == (2, 2)
    assert LoggedEvent.objects.filter(kind="member.joined").count() == 2
    assert again.counts["added"] == 1
    assert Member.objects.filter(canonical=None).count() == 3


def test_what_a_chat_holds_adds_up_to_what_is_new_in_it():
    moments = (
        {"type": "message", "from": "丙", "from_id": "user9", "text": "早"},
        {"type": "service", "actor": "甲", "actor_id": "user7", "action": "join_group_by_link", "inviter": "Group"},
        {"type": "service", "actor": "甲", "actor_id": "user7", "action": "edit_group_title", "title": "新名字"},
        {"type": "service", "actor": "甲", "actor_id": "user7", "action": "remove_members", "members": ["甲"]},
    )
    messages = [{"id": n, "date_unixtime": str(1704074400 + n), **each} for n, each in enumerate(moments, start=1)]
    export = {"name": "群", "type": "private_supergroup", "id": 1, "messages": messages}
    counts = bring_in(json.dumps(export).encode(), "result.json").counts
    assert [counts[key] for key in ("messages", "joins", "leaves", "others")] == [1, 1, 1, 1]
    assert counts["added"] == 4


def test_two_exports_of_one_chat_in_opposite_order_are_imported_at_once(transactional_db, monkeypatch):
    """They insert the same facts and name the same people, each in its own order."""
    monkeypatch.setattr(running, "BATCH", 400)
    said = [f"2026-03-01 10:{n % 60:02}:{n // 60:02} 书友{n % 97}({20000 + n % 97})\n第 {n} 条\n" for n in range(2_000)]
    rows = []
    for number, lines in enumerate((said, said[::-1])):
        row = services.receive(io.BytesIO((HEAD + "\n".join(lines)).encode()), f"{number}.txt")
        services.examine(row)
        services.queue(row)
        rows.append(row)
    failures: list[Exception] = []

    def work(row: Import) -> None:
        try:
            services.run(row.pk)
        except Exception as error:  # noqa: BLE001 - shown below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {Import.objects.get(pk=row.pk).state for row in rows} == {"done"}
    assert LoggedEvent.objects.filter(kind="message.sent").count() == 2_000
    assert Member.objects.count() == 97


def test_what_looks_like_a_private_chat_is_left_out_and_told_unless_its_community_is_named(settings):
    """A group with two who speak looks the same."""
    two = b"2026/3/1 15:13 - A: hi\n2026/3/1 15:14 - B: hello\n"
    row = services.receive(io.BytesIO(two), "WhatsApp Chat with Cooks.txt")
    inspection = services.examine(row)
    assert inspection is not None
    assert inspection.warnings == ("private_chat",)
    services.queue(row)
    row = services.run(row.pk)
    assert (row.counts["private"], row.counts.get("messages", 0)) == (2, 0)
    assert not Member.objects.exists()
    community = create_community(name="厨友群", at=row.created_at)
    row = services.receive(io.BytesIO(two), "WhatsApp Chat with Cooks.txt")
    services.examine(row)
    services.queue(row, community=community)
    row = services.run(row.pk)
    assert (row.counts["private"], row.counts["messages"]) == (0, 2)
    assert LoggedEvent.objects.filter(community=community.pk).count() == 2


def test_an_encoding_that_others_look_like_is_to_be_looked_at_until_a_person_names_it():
    said = HEAD + "2026-03-01 10:00:00 書友(20001)\n早安，團購幾點開始\n\n"
    row = services.receive(
        io.BytesIO(said.replace("消息分组", "消息分組").replace("对", "對").encode("big5", "replace")), "群.txt"
    )
    inspection = services.examine(row)
    assert inspection is not None
    assert (inspection.encoding, inspection.warnings) == ("big5hkscs", ("encoding_guessed",))
    named = services.examine(row, encoding="big5hkscs")
    assert named is not None
    assert named.warnings == ()


def test_that_money_was_told_differently_is_said_before_that_a_colleague_is_unknown():
    head = "订单编号,下单时间,实付金额,手机号,负责人\n"
    bring_in(f"{head}A1,2026-03-01 08:00:00,100.00,13900000001,\n".encode(), "订单.csv")
    row = bring_in(f"{head}A1,2026-03-01 08:00:00,250.00,13900000001,没这个人\n".encode(), "订单 2.csv")
    assert ImportProblem.objects.get(import_run=row).reason == "order_told_differently"


@pytest.mark.parametrize("size", [1, 2, 10])
def test_an_order_told_twice_in_one_file_says_the_same_wherever_a_batch_ends(monkeypatch, size):
    monkeypatch.setattr(running, "BATCH", size)
    text = (
        "订单编号,下单时间,实付金额,退款金额,手机号\n"
        "A1,2026-03-01 08:00:00,100.00,0,13900000001\n"
        "A1,2026-03-01 08:00:00,250.00,0,13900000001\n"
        "B2,2026-03-01 09:00:00,80.00,0,13900000002\n"
        "B2,2026-03-01 09:00:00,80.00,30.00,13900000002\n"
    )
    row = bring_in(text.encode(), "订单.csv")
    assert sorted(Order.objects.values_list("number", "amount", "refunded")) == [("A1", 10000, 0), ("B2", 8000, 3000)]
    problems = ImportProblem.objects.filter(import_run=row).values_list("line", "reason", "excerpt")
    assert list(problems) == [(3, "order_told_differently", "A1")]
    assert (row.counts["orders"], row.counts["added"], row.counts["known"]) == (4, 2, 2)
