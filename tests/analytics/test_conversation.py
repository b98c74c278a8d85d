from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.conversation import Said, busiest, conversation, quantile, response
from liuliang.analytics.links import links
from liuliang.analytics.periods import Period

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = START + timedelta(days=30)
WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
ANN, BEN, EVE = 1, 2, 3


def said(minute: float, member: int, text: str = "嗯", *, answers: int = 0) -> Said:
    return Said(member, START + timedelta(minutes=minute), answers, text.endswith("？"), text)


def fared(*lines: Said, until: datetime = LATER):
    return response(lines, before=LATER, until=until)


def test_a_question_is_answered_by_the_first_words_of_another_that_do_not_ask():
    found = fared(
        said(0, ANN, "几点开始？"), said(1, ANN, "有人吗"), said(2, BEN, "同问，几点？"), said(5, EVE, "八点")
    )

    # Ann waited five minutes, Ben three; Ann's own words and Ben's question answer nobody.
    assert (found.questions, found.answered) == (2, 2)
    assert found.median == 180
    assert found.p90 == 300


def test_a_reply_that_asks_back_is_an_answer_to_whom_it_replies():
    found = fared(said(0, ANN, "多少钱？"), said(4, BEN, "你要哪个？", answers=ANN), said(6, ANN, "大的"))

    assert (found.questions, found.answered) == (2, 2)
    assert found.median == 120


def test_asking_again_before_an_answer_is_one_question():
    found = fared(said(0, ANN, "在吗？"), said(3, ANN, "有人吗？"), said(9, BEN, "在"))

    assert (found.questions, found.answered, found.median) == (1, 1, 540)


def test_after_a_day_a_question_is_unanswered_and_before_that_it_is_pending():
    late = said(24 * 60 + 1, BEN, "才看到")
    assert fared(said(0, ANN, "在吗？"), late).unanswered_count == 1
    assert fared(said(0, ANN, "在吗？"), late).unanswered[0].text == "在吗？"
    assert fared(said(0, ANN, "在吗？"), said(24 * 60, BEN, "在")).answered == 1
    pending = fared(said(0, ANN, "在吗？"), until=START + timedelta(hours=3))
    assert (pending.pending, pending.unanswered_count, pending.unanswered_share) == (1, 0, None)


def test_questions_after_the_period_are_not_asked_in_it_but_answers_count():
    lines = [said(0, ANN, "几点？"), said(10, BEN, "八点"), said(11, EVE, "哪里？"), said(12, ANN, "老地方")]

    found = response(lines, before=START + timedelta(minutes=5), until=LATER)

    assert (found.questions, found.answered) == (1, 1)


@given(st.lists(st.tuples(st.floats(0, 5_000), st.integers(1, 4), st.booleans()), max_size=60))
def test_every_question_is_answered_pending_or_not(lines):
    told = [said(minute, member, "？" if asks else "。") for minute, member, asks in sorted(lines)]

    found = response(told, before=LATER, until=LATER, shown=100)

    assert found.questions == found.answered + found.pending + found.unanswered_count
    assert found.unanswered_count == len(found.unanswered)
    assert found.questions <= sum(asks for _minute, _member, asks in lines)
    assert (found.median is None) == (found.answered == 0)
    assert found.median is None or 0 <= found.median <= found.p90 <= 86_400


@given(st.lists(st.integers(0, 1_000), min_size=1), st.sampled_from([0.5, 0.9]))
def test_a_quantile_is_a_value_that_its_share_does_not_exceed(values, share):
    found = quantile(values, share)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= round(share * 100) * len(values)
    for other in {value for value in values if value < found}:
        assert sum(value <= other for value in values) * 100 < round(share * 100) * len(values)


def test_a_pause_of_ten_minutes_ends_a_conversation():
    times = ((0, ANN), (3, BEN), (12, ANN), (15, BEN), (24, EVE))
    first = [said(minute, member, f"话 {minute}") for minute, member in times]
    second = [said(34, ANN, "另起"), *(said(35 + place, BEN) for place in range(6))]
    monologue = [said(300 + place, ANN) for place in range(9)]

    found = busiest([*first, *second, *monologue], before=LATER)

    assert [(each.messages, each.people, each.opening) for each in found] == [(7, 2, "另起"), (5, 3, "话 0")]


def test_conversations_links_and_answers_are_read_from_the_lake(told, at, only):
    here, elsewhere = told.community(), told.community("别的群")
    ann, ben = told.member("安"), told.member("本")
    link = "https://a.example/x"
    told.says(ann, here, at(2026, 3, 8, 23, 50), "明天几点开始？")
    told.says(ben, elsewhere, at(2026, 3, 8, 23, 51), "八点")
    told.says(ben, here, at(2026, 3, 9, 0, 5), "八点", reply_member=ann.id)
    told.says(ann, here, at(2026, 3, 3, 9), f"看 {link}", links=(link, link))
    told.says(ben, here, at(2026, 3, 3, 9, 1), link, links=(link,))
    told.says(ben, here, at(2026, 3, 3, 9, 2), "https://b.example", links=("https://b.example",), is_recalled=True)
    told.settle()

    found = conversation(only(here), WEEK, at(2026, 3, 20))
    shared = links(only(here), WEEK)

    assert (found.response.questions, found.response.answered, found.response.median) == (1, 1, 900)
    assert found.since is None
    assert [(each.address, each.messages, each.people) for each in shared] == [(link, 2, 2)]


def test_a_quiet_community_has_no_conversations(told, at, only):
    here = told.community()
    told.settle()

    found = conversation(only(here), WEEK, at(2026, 3, 20))

    assert found.threads == ()
    assert (found.response.questions, found.response.median, found.response.unanswered_share) == (0, None, None)
    assert links(only(here), WEEK) == ()
