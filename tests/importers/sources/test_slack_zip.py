from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Chat, Options
from liuliang.importers.fields import clean
from liuliang.importers.head import recognise
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "slack_zip"
GENERAL = Chat("slack", "C1", "#general")
ANNA = Person("Anna", (("slack", "T1:U1"), ("email", "anna@example.com")))
BOB, GUEST = Person("Bob", (("slack", "T1:U2"),)), Person("Guest", (("slack", "T9:U3"),))
START = datetime(2024, 1, 1, 2, tzinfo=UTC)


def at(seconds: int, micros: int) -> datetime:
    return START + timedelta(seconds=seconds, microseconds=micros)


def write(path: Path, days: dict[str, object], **lists: object) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        files = {"users": [], "channels": [{"id": "C1", "name": "general"}], **lists}
        for name, value in {**{f"{name}.json": value for name, value in files.items()}, **days}.items():
            archive.writestr(name, value if isinstance(value, str) else json.dumps(value))
    return path


def read(path: Path) -> list[Record]:
    source, head = recognise(path)
    assert source.key == "slack_zip"
    return [read.record for read in source.read(path, source.inspect(path, head), Options())]


def test_a_workspace(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "export.zip", expected="slack_zip")
    assert inspection.chats == (Chat("slack", "D1", is_group=False), GENERAL)
    assert inspection.timezone_known
    day = 86_400
    said = "hi @Bob, see the menu (https://example.com/a) & more <3"
    robot = Person("ci", (("slack", "T1:B7"),), is_bot=True)
    assert [(read.chat.key, read.record) for read in reads] == [
        ("D1", Message(at(90, 200), ANNA, "psst", "text", "1704074490.000200")),
        ("C1", Joined(at(0, 100), ANNA, None, "", "1704074400.000100")),
        ("C1", Joined(at(10, 100), BOB, ANNA, "invite", "1704074410.000100")),
        ("C1", Message(at(60, 123456), ANNA, said, "text", "1704074460.123456", mentions=(BOB,))),
        ("C1", Message(at(70, 200), BOB, "thanks", "text", "1704074470.000200", "1704074460.123456")),
        ("C1", Message(at(80, 200), robot, "deployed", "text", "1704074480.000200")),
        ("C1", Message(at(day + 60, 300), GUEST, "", "image", "1704160860.000300")),
        ("C1", ChatRenamed(at(day + 62, 300), ANNA, "lobby", "1704160862.000300")),
        ("C1", Left(at(day + 63, 300), BOB, None, "1704160863.000300")),
    ]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"user": "U1", "text": "x", "ts": None}, "bad_date"),
        ({"user": "U1", "text": "x", "ts": "soon"}, "bad_date"),
        ({"text": "x", "ts": "1704074400.1"}, "no_sender"),
        (5, "bad_type"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(tmp_path: Path, value: object, reason: str) -> None:
    good = {"user": "U1", "text": "y", "ts": "1704074401.0"}
    wrong, said = read(write(tmp_path / "e.zip", {"general/2024-01-01.json": [value, good]}))
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (1, reason)
    assert isinstance(said, Message)


def test_a_day_that_is_cut_off_does_not_stop_the_next(tmp_path: Path) -> None:
    days = {
        "general/2024-01-01.json": '[{"user": "U1", "text": "a", "ts": "1704074400.0"}, {"user": "U1", "te',
        "general/2024-01-02.json": [{"user": "U1", "text": "b", "ts": "1704160800.0"}],
    }
    first, cut, last = read(write(tmp_path / "e.zip", days))
    assert (first.text, last.text) == ("a", "b")  # type: ignore[union-attr]
    assert cut.reason == "truncated_json"  # type: ignore[union-attr]


def test_a_member_that_is_damaged_is_told_and_the_next_one_is_read(tmp_path: Path) -> None:
    days = {f"general/2024-01-0{n}.json": [{"user": "U1", "text": str(n), "ts": f"{n}.0"}] for n in (1, 2)}
    path = write(tmp_path / "e.zip", days)
    raw = path.read_bytes().replace(b'"text": "1"', b'"text": "!"', 1)  # the checksum does not fit any more
    path.write_bytes(raw)
    texts = [record.text for record in read(path) if isinstance(record, Message)]
    assert "2" in texts


def test_without_lists_people_and_channels_go_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "general/2024-01-01.json", json.dumps([{"user": "U1", "team": "T5", "text": "a", "ts": "1.0"}])
        )
    assert read(path) == [
        Message(datetime.fromtimestamp(1, UTC), Person("", (("slack", "T5:U1"),)), "a", "text", "1.0")
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["U1", "U2"]), st.text(st.characters(exclude_characters="<>&", exclude_categories=["Cs"]))
        ),
        max_size=8,
    )
)
def test_a_channel_that_was_written_is_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str]]
) -> None:
    users = [{"id": user, "team_id": "T1", "name": user.lower()} for user in ("U1", "U2")]
    day = [
        {"type": "message", "user": user, "text": text, "ts": f"{n}.000001"} for n, (user, text) in enumerate(said, 1)
    ]
    path = write(tmp_path_factory.getbasetemp() / "w.zip", {"general/1970-01-01.json": day}, users=users)
    assert [(r.sender.identities, r.text, r.message_id) for r in read(path)] == [  # type: ignore[union-attr]
        ((("slack", f"T1:{user}"),), clean(text), f"{n}.000001") for n, (user, text) in enumerate(said, 1)
    ]
