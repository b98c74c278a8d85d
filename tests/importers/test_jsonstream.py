from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers import jsonstream
from liuliang.importers.jsonstream import Found, read_json

ITEMS = frozenset({"m"})
FIELDS = frozenset({"s"})


def read(document: str | bytes, **options: Any) -> list[Found]:
    raw = document.encode() if isinstance(document, str) else document
    return list(read_json(io.BytesIO(raw), **({"items": ITEMS, "fields": FIELDS} | options)))


def items(found: list[Found]) -> list[Any]:
    return [one.value for one in found if one.kind == "item"]


def flaws(found: list[Found]) -> list[tuple[str, int]]:
    return [(one.value.reason, one.value.line) for one in found if one.kind == "flaw"]


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every value span blocks."""
    monkeypatch.setattr(jsonstream, "BLOCK", 5)


def test_named_items_and_fields_are_found_and_the_rest_is_passed_over() -> None:
    found = read('{"x": [{"m": ["\\"]}"]}], "s": {"m": [9]}, "m": [1, {"a": []}, "b"], "y": "}"}')
    assert [(one.kind, one.path, one.value, one.number) for one in found] == [
        ("field", "s", {"m": [9]}, 0),
        ("item", "m", 1, 1),
        ("item", "m", {"a": []}, 2),
        ("item", "m", "b", 3),
    ]


def test_objects_in_arrays_are_gone_into() -> None:
    found = read(
        '{"chats": {"list": [{"name": "a", "m": [1]}, {"m": [2], "name": "b"}]}}',
        items=frozenset({"chats.list.m"}),
        fields=frozenset({"chats.list.name"}),
        inside=frozenset({"chats", "chats.list"}),
    )
    assert [(one.kind, one.value) for one in found] == [
        ("start", None), ("field", "a"), ("item", 1), ("start", None), ("item", 2), ("field", "b"),
    ]  # fmt: skip


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                max_leaves=8,
            ),
            max_size=5,
        ),
        max_size=6,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_what_the_standard_library_reads_whole_is_read_item_by_item(
    values: list[dict[str, Any]], encoding: str, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps({"other": values, "m": values, "s": values}, ensure_ascii=ascii_only, indent=indent)
    found = read(text.encode(encoding, "replace"), encoding=encoding)
    again = json.loads(text.encode(encoding, "replace").decode(encoding))
    assert items(found) == again["m"]
    assert [one.value for one in found if one.kind == "field"] == [again["s"]]


@pytest.mark.usefixtures("tiny_blocks")
def test_a_document_cut_anywhere_gives_all_items_before_the_cut_and_one_flaw() -> None:
    values = [{"id": n, "t": '文"本\\' * 3, "n": {"id": 1}, "e": "😀"} for n in range(5)]
    raw = json.dumps({"s": {"k": "v"}, "x": [[1, '\\"']], "m": values}, indent=1).encode()
    for cut in range(len(raw)):
        found = read(raw[:cut])
        assert items(found) == values[: len(items(found))]
        assert len(flaws(found)) == 1, raw[:cut]
        assert flaws(found)[0][0] == "truncated_json"
        assert found[-1].kind == "flaw"
    assert flaws(read(raw)) == []


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('{"id": 2, "t": "a"b"}', "broken_json"),  # a quotation mark that was not escaped
        ('{"id": 2, "t": "a}', "broken_json"),  # one that is missing
        ('{"id": 2, "t": "a\n', "broken_json"),  # the rest of the item is missing
        ('{"id": 2, "t": tru}', "broken_json"),
        ('{"id": 2 "t": 1}', "broken_json"),
        ('{"id": 2, "t": "\\q"}', "broken_json"),
        ('{"id": 2, "t": ' + "9" * 5_000 + "}", "bad_number"),
        ('{"id": 2, "t": ' + "[" * 100_000 + "}", "too_deep"),
    ],
)
def test_reading_goes_on_behind_a_broken_item(broken: str, reason: str) -> None:
    found = read(f'{{"m": [{{"id": 1, "t": "x"}}, {broken}, {{"id": 3, "t": "y"}}], "s": 5}}')
    assert [item["id"] for item in items(found)] == [1, 3]
    assert flaws(found) == [(reason, 2)]
    assert found[-1].value == 5


def test_a_nested_object_is_not_taken_for_an_item_when_going_on() -> None:
    found = read(
        '{"m": [{"id": 1, "type": "a"}, {"id": 2, "type": bad, "author": {"id": 7, "name": "n"}}, {"id": 3, "type": "b"}]}'
    )
    assert [item["id"] for item in items(found)] == [1, 3]


def test_an_item_too_large_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "MAX_ITEM", 1_000)
    monkeypatch.setattr(jsonstream, "BLOCK", 500)
    large = json.dumps({"id": 2, "t": "x" * 5_000})
    found = read(f'{{"m": [{{"id": 1, "t": ""}}, {large}, {{"id": 3, "t": ""}}]}}')
    assert [item["id"] for item in items(found)] == [1, 3]
    assert flaws(found) == [("item_too_large", 2)]


def test_bytes_that_are_no_text_are_told_with_the_item_they_stand_in() -> None:
    found = read(b'{"m": [{"id": 1}, {"id": "\xff\xfe"}, {"id": "\xef\xbf\xbd"}]}')
    assert len(items(found)) == 3
    assert ("bad_encoding", 2) in flaws(found)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("null", "no_json"),
        ("hello", "no_json"),
        ("", "truncated_json"),
        ('{"m": {"a": 1}}', "bad_type"),
        ("[1]", "no_json"),
    ],
)
def test_a_document_of_another_kind_is_told(document: str, expected: str) -> None:
    assert flaws(read(document)) == [(expected, 1)]


def test_null_in_the_place_of_a_list_is_an_empty_list() -> None:
    assert read('{"m": null}') == []


def test_lines_are_items_of_the_root() -> None:
    found = read('{"a": 1}\n{"a": 2}\n\n{"a"', items=frozenset({""}), lines=True)
    assert [one["a"] for one in items(found)] == [1, 2]
    assert flaws(found) == [("truncated_json", 3)]


def test_memory_stays_bounded_whatever_is_skipped_or_read() -> None:
    body = '{"id": 1, "t": "' + "x" * 200 + '"}'
    raw = ('{"skipped": ["' + "y" * 6_000_000 + '"], "m": [' + ",".join([body] * 20_000) + "]}").encode()
    stream = io.BytesIO(raw)
    tracemalloc.start()
    count = sum(one.kind == "item" for one in read_json(stream, items=ITEMS))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 6_000_000
