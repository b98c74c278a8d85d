from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers import fields
from liuliang.importers.fields import People, accounts_by_name, clean, first_match, instant_of, iso_instant, text_of
from liuliang.importers.records import Person

AT = datetime(2024, 1, 1, 2, tzinfo=UTC)
PAIR = re.compile(r'"name": "(?P<name>(?:[^"\\]|\\.)*)", "id": "(?P<account>\d+)"')


@given(st.text())
def test_clean_text_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    cleaned.encode()
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (5, "5"), (1.5, "1.5"), (None, ""), (True, ""), ([1], ""), ({}, ""), ("\ud800", "")],
)
def test_any_field_is_text_or_nothing(value: object, text: str) -> None:
    assert text_of(value) == text


def test_a_number_too_long_to_print_is_nothing() -> None:
    assert text_of(10**5_000) == ""


@pytest.mark.parametrize(
    "value", [1_704_074_400, "1704074400", 1_704_074_400.0, "1704074400.0", 1_704_074_400_000, "1704074400000"]
)
def test_seconds_and_milliseconds_are_told_apart(value: object) -> None:
    assert instant_of(value) == AT


@pytest.mark.parametrize(
    "value", [None, "", "x", 0, -1, True, [], 10**400, float("inf"), float("nan"), "9" * 100, "1.7.0", 1e300]
)
def test_what_is_no_instant_is_none(value: object) -> None:
    assert instant_of(value) is None


def test_iso_times_with_an_offset_become_utc() -> None:
    assert iso_instant("2024-01-01T10:00:00+08:00") == AT
    assert iso_instant("2024-01-01T02:00:00.0000000Z") == AT
    assert iso_instant("2024-01-01T02:00:00") == AT.replace(tzinfo=None)
    for wrong in ("2024-02-31T00:00:00Z", "0001-01-01T00:00:00+14:00", "", None, 5, "x" * 50):
        assert iso_instant(wrong) is None


def test_names_that_several_accounts_have_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "_BLOCK", 16)  # every pair spans pieces
    path = tmp_path / "f.json"
    path.write_text(
        '{"name": "a\\"b", "id": "1"} {"name": "c", "id": "2"} {"name": "c", "id": "3"} {"name": "d", "id": "4"}'
    )
    assert accounts_by_name(path, "utf-8", PAIR) == {'a"b': "1", "d": "4"}
    assert first_match(path, "utf-8", re.compile(r'"id": "([3-9])"')) == ("3",)
    assert first_match(path, "utf-8", re.compile("nothing")) == ()


def test_people_are_one_object_and_names_find_accounts() -> None:
    people = People("qq", {"小明": "10001"})
    assert people.of("10001", "小明") is people.named("小明")
    assert people.named("小红") == Person("小红")
    assert people.of("", "") == Person()
    assert people.of("5", "b", is_bot=True).is_bot
