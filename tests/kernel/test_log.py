from __future__ import annotations

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.kernel import log
from liuliang.kernel.models import LoggedEvent

pytestmark = pytest.mark.django_db


def test_appending_returns_how_many_facts_were_new(make_fact):
    assert log.append([make_fact(1), make_fact(2)]) == 2
    assert log.append([make_fact(2), make_fact(3)]) == 1
    assert LoggedEvent.objects.count() == 3


def test_nothing_is_appended_from_nothing():
    assert log.append([]) == 0


@pytest.mark.parametrize("size", [log.COPY_FROM - 1, log.COPY_FROM, log.COPY_FROM * 3])
def test_a_batch_of_any_size_counts_each_fact_once(make_fact, size):
    facts = [make_fact(number, member=number % 7) for number in range(size)]
    assert log.append(facts) == size
    assert log.append(facts) == 0
    assert log.append([*facts, make_fact(size)]) == 1
    assert LoggedEvent.objects.count() == size + 1


def test_a_fact_twice_in_one_large_batch_counts_once(make_fact):
    facts = [make_fact(number) for number in range(log.COPY_FROM)] * 2
    assert log.append(facts) == log.COPY_FROM


def test_text_survives_whatever_it_holds(make_fact):
    texts = [
        "tab\tnewline\nback\\slash",
        "😀👨‍👩‍👧",
        "\u202eright to left",
        "\\N",
        "'; DROP TABLE kernel_event; --",
        "{}",
    ]
    facts = [make_fact(number, text=text) for number, text in enumerate(texts)]
    log.append(facts + [make_fact(number) for number in range(100, 100 + log.COPY_FROM)])
    stored = LoggedEvent.objects.filter(data__amount__lt=100).order_by("position")
    assert [row.data["text"] for row in stored] == texts


def test_a_batch_that_is_rolled_back_leaves_nothing(make_fact):
    with pytest.raises(RuntimeError), transaction.atomic():
        log.append([make_fact(number) for number in range(log.COPY_FROM)])
        raise RuntimeError
    assert LoggedEvent.objects.count() == 0


def test_a_batch_with_duplicates_leaves_the_transaction_usable(make_fact):
    facts = [make_fact(number) for number in range(log.COPY_FROM)]
    log.append(facts)
    log.append(facts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=40
)
@given(batches=st.lists(st.lists(st.integers(0, 400), max_size=300), max_size=6))
def test_the_log_holds_each_fact_once_however_it_is_cut_into_batches(make_fact, batches):
    with transaction.atomic():
        added = sum(log.append([make_fact(number) for number in batch]) for batch in batches)
        distinct = {number for batch in batches for number in batch}
        assert added == len(distinct) == LoggedEvent.objects.count()
        transaction.set_rollback(True)
