from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.functions import Length
from gallery import Person
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.ui.listing.keyset import Cursor, Order, fetch, ordered
from liuliang.ui.listing.sources import ListSource, QuerySetSource

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)

rows = st.lists(
    st.tuples(
        st.sampled_from(["陈立", "王敏", "ada", "", "=1"]),
        st.integers(0, 3),
        st.none() | st.integers(-2, 2),
        st.none() | st.floats(-1, 1, allow_nan=False) | st.just(0.1),
        st.none() | st.integers(0, 3).map(lambda n: START + timedelta(microseconds=n)),
    ),
    max_size=25,
)
orders = st.builds(
    Order, st.sampled_from(["name", "messages", "gmv", "score", "last_seen_at", "pk", "length"]), st.booleans()
)


def fill(values) -> None:
    Person.objects.all().delete()
    Person.objects.bulk_create(
        Person(
            name=name,
            layer="new",
            messages=messages,
            gmv=gmv,
            score=score,
            joined_on=date(2026, 1, 1),
            last_seen_at=seen,
        )
        for name, messages, gmv, score, seen in values
    )


def walk(source, order: Order, size: int, *, is_backward: bool) -> list[list[int]]:
    """Go from page to page through the written cursors, to the end."""
    cursor = None
    pages = []
    page = source.page(order, None, size)
    if is_backward:
        while page.after is not None:
            page = source.page(order, Cursor.decode(page.after.encode(order), order), size)
    for _step in range(100):
        pages.append([row.pk for row in page.rows])
        cursor = page.before if is_backward else page.after
        if cursor is None:
            return pages
        page = source.page(order, Cursor.decode(cursor.encode(order), order, is_backward=is_backward), size)
    raise AssertionError("the walk does not end")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(values=rows, order=orders, size=st.integers(1, 7))
def test_the_pages_of_any_sort_make_the_whole_list_once_each_way(values, order, size):
    fill(values)
    queryset = Person.objects.annotate(length=Length("name"))
    everything = [row.pk for row in ordered(queryset, order)]
    forward = walk(QuerySetSource(queryset), order, size, is_backward=False)
    assert [key for page in forward for key in page] == everything
    backward = walk(QuerySetSource(queryset), order, size, is_backward=True)
    if everything:
        # Going back, the first page is filled up from the second: every row is seen, and none in another place.
        seen = [key for page in reversed(backward) for key in page]
        assert list(dict.fromkeys(seen)) == everything
        assert len(backward[-1]) == min(size, len(everything))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(values=rows, order=orders.filter(lambda order: order.expression != "length"), size=st.integers(1, 7))
def test_a_list_in_memory_pages_as_the_database_does_but_for_the_collation_of_names(values, order, size):
    if order.expression == "name":
        return
    fill(values)
    pages = walk(ListSource(list(Person.objects.all())), order, size, is_backward=False)
    assert pages == walk(QuerySetSource(Person.objects.all()), order, size, is_backward=False)


def test_a_row_that_arrives_meanwhile_moves_nothing():
    fill([("a", n, None, None, None) for n in range(10)])
    order = Order("messages", is_descending=True)
    first = fetch(Person.objects.all(), order, None, 4)
    Person.objects.create(name="new", layer="new", messages=99, joined_on=date(2026, 1, 1))
    second = fetch(Person.objects.all(), order, first.after, 4)
    assert [row.messages for row in second.rows] == [5, 4, 3, 2]


def test_rows_can_be_ordered_by_an_aggregate():
    fill([("陈立", 1, None, None, None), ("王敏", 2, None, None, None)])
    queryset = Person.objects.annotate(many=Count("pk", filter=Q(messages__gt=F("id") * 0)))
    order = Order("many")
    assert len(walk(QuerySetSource(queryset), order, 1, is_backward=False)) == 2


@pytest.mark.parametrize("text", ["", "x", "W10:abc", "\0", "a" * 5_000])
def test_a_bent_cursor_is_as_none(text):
    assert Cursor.decode(text, Order("messages")) is None


def test_the_cursor_of_another_sort_is_as_none():
    text = Cursor(3, 4).encode(Order("messages"))
    assert Cursor.decode(text, Order("messages", is_descending=True)) is None


def test_a_cursor_of_another_type_starts_from_the_beginning():
    fill([("a", 1, None, None, None)])
    order = Order("messages")
    assert len(fetch(Person.objects.all(), order, Cursor("not a number", "nor this"), 5).rows) == 1


def test_a_page_deep_among_equal_values_is_found_through_the_index():
    fill([])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gallery_person (name, layer, messages, joined_on, is_seed) "
            "SELECT 'n', 'new', 0, '2026-01-01', false FROM generate_series(1, 5000)"
        )
        cursor.execute("CREATE INDEX gallery_messages ON gallery_person (messages, id)")
        cursor.execute("ANALYZE gallery_person")
        middle = Person.objects.order_by("pk")[2_500]
        queryset = Person.objects.all()
        with pytest.MonkeyPatch.context() as patch:
            statements = []
            patch.setattr("django.db.backends.utils.CursorWrapper.execute", _recording(statements))
            fetch(queryset, Order("messages"), Cursor(0, middle.pk), 50)
        cursor.execute(f"EXPLAIN (FORMAT TEXT) {statements[0][0]}", statements[0][1])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Cond: (ROW(messages, id) > ROW(0" in plan


def _recording(statements):
    from django.db.backends.utils import CursorWrapper

    original = CursorWrapper.execute

    def execute(self, sql, params=None):
        statements.append((sql, params))
        return original(self, sql, params)

    return execute
