from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics import words as story
from liuliang.analytics.periods import Period
from liuliang.analytics.words import cut, told, words

WEEK = Period(date(2026, 3, 9), date(2026, 3, 15))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("我们今天团购的牛奶什么时候发货呀", {"团购", "牛奶", "发货"}),
        ("看看 https://milk.example/p?id=1 [捂脸] @牛奶小王子", set()),
        ("iPhone15 和 iPhone15 哪个好", {"iphone15"}),
        ("哈哈哈哈 123 456", set()),
        ("", set()),
    ],
)
def test_only_words_that_say_something_are_counted(text, wanted):
    assert cut(text) == wanted


@given(st.text(max_size=80))
def test_any_text_is_cut(text):
    found = cut(text)

    assert all(len(word) >= 2 for word in found)
    assert not found & story.stop_words()


def test_a_word_counts_once_a_message():
    found = told(["牛奶牛奶牛奶", "牛奶", "面包"], [], limit=10)

    assert [(word.text, word.messages) for word in found.words] == [("牛奶", 2)]
    assert found.words[0].comparison is None
    assert not found.words[0].is_beyond_chance


def test_only_changes_beyond_chance_are_marked():
    now = ["燕麦"] * 60 + ["牛奶"] * 52 + ["面包"] * 50 + ["早餐"] * 400
    before = ["牛奶"] * 50 + ["面包"] * 51 + ["早餐"] * 450

    found = {word.text: word for word in told(now, before, limit=10).words}

    assert found["燕麦"].is_new
    assert found["燕麦"].comparison.difference > 0
    assert not found["牛奶"].is_beyond_chance
    assert not found["面包"].is_beyond_chance


def test_words_of_the_period_are_read_from_the_lake(told, at, only, monkeypatch):
    here = told.community()
    someone = told.member()
    for minute in range(4):
        told.says(someone, here, at(2026, 3, 10, 9, minute), "牛奶到货了")
    told.says(someone, here, at(2026, 3, 3, 9), "面包到货了")
    told.says(someone, here, at(2026, 3, 3, 10), "面包到货了")
    told.says(someone, here, at(2026, 3, 10, 10), "牛奶", is_recalled=True)
    told.says(someone, here, at(2026, 3, 10, 11), "牛奶", type="image")
    told.settle()

    found = words(only(here), WEEK)

    assert (found.read, found.read_before, found.is_sampled) == (4, 2, False)
    assert {word.text: (word.messages, word.messages_before) for word in found.words} == {
        "牛奶": (4, 0),
        "到货": (4, 2),
    }

    monkeypatch.setattr(story, "AT_MOST", 3)
    sampled = words.compute(only(here), WEEK)
    assert sampled.is_sampled
    assert sampled.read <= 3


def test_silence_has_no_words(told, only):
    here = told.community()
    told.settle()

    found = words(only(here), WEEK)

    assert (found.words, found.read, found.is_sampled) == ((), 0, False)
