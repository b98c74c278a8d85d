from __future__ import annotations

from datetime import UTC, datetime, timedelta

from liuliang.importers.keys import TIMELESS, Keys

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def keys_of(platform: str, said: list[tuple[datetime, str, str]]) -> list[str]:
    keys = Keys(platform, b"k")
    return [keys.key("message", at, who, what, "") for at, who, what in said]


def test_reading_again_gives_the_same_keys():
    said = [(NOON, "qq:1", "早"), (NOON, "qq:1", "早"), (NOON, "qq:2", "早")]
    assert keys_of("qq", said) == keys_of("qq", said)


def test_the_same_words_twice_in_a_second_are_two_messages():
    first, second = keys_of("qq", [(NOON, "qq:1", "早"), (NOON, "qq:1", "早")])
    assert first != second


def test_an_export_that_overlaps_gives_the_common_part_the_same_keys():
    said = [(NOON + timedelta(minutes=number), "qq:1", "早") for number in range(5_000)]
    assert keys_of("qq", said)[2_000:] == keys_of("qq", said[2_000:])


def test_an_id_that_all_exports_share_is_the_key():
    keys = Keys("telegram", b"k")
    assert keys.key("message", NOON, "telegram:user1", "hi", "42") == "42"


def test_several_who_come_in_by_one_line_have_keys_of_their_own():
    keys = Keys("telegram", b"k")
    one, two = (keys.key("joined", NOON, "telegram:user1", "", message_id) for message_id in ("43", "43#2"))
    assert one != two
    assert keys.key("left", NOON, "telegram:user1", "", "43") != one


def test_who_comes_in_is_known_by_name_in_one_export_and_by_account_in_the_next():
    keys = Keys("telegram", b"k")
    assert keys.key("joined", NOON, "小雨", "", "43") == keys.key("joined", NOON, "telegram:user1", "", "43")


def test_what_has_no_time_is_counted_through_the_whole_file():
    keys = Keys("qq", b"k")
    first = keys.key("role", TIMELESS, "qq:1", "admin", "")
    for day in range(10):
        keys.key("message", NOON + timedelta(days=day), "qq:1", "早", "")
    assert keys.key("role", TIMELESS, "qq:1", "admin", "") != first


def test_another_installation_gives_other_keys():
    said = (NOON, "phone:+8613800000000", "早")
    one, other = (Keys("qq", secret).key("message", *said, "") for secret in (b"one", b"other"))
    assert one != other
