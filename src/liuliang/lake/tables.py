"""The two tables of the lake: their columns, their order, and how rows of them are merged.

One description serves the Parquet files, the tables of a ClickHouse server and the statements that fill either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the lake. ``month`` is the SQL expression (a number like 202610) by which it is split.

    ``sums`` are the columns that are added up when rows of one ``order`` key meet; empty means that rows are kept apart.
    ``seen`` are the SQL expressions of the first and last instant a file holds. ``row_group`` are the rows of a Parquet row
    group: smaller ones let a query skip more, larger ones read faster. ``compression`` is how it is compressed, and
    ``dictionary`` the bytes up to which a row group keeps a column's different values apart from its rows.

    ``parted_by`` are the columns by whose ranges the full files of a month are parted, so that what somebody did in it is all in
    one file; empty means that they are left as they came. With parts, a funnel over a quarter takes two thirds of the time.

    Files hold numbers for the kinds, which statements name as ever: with text, counting the people of each day of a quarter
    takes a fifth longer, and so does a funnel over the events.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    month: str
    seen: tuple[str, str]
    row_group: int
    compression: str
    dictionary: int
    sums: tuple[str, ...] = ()
    parted_by: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        """The columns with their types, as a table function or CREATE TABLE takes them."""
        return ", ".join(f"{name} {kind}" for name, kind in self.columns)

    def file_schema(self, kinds: Mapping[str, int]) -> str:
        """Return the columns as files hold them; ``kinds`` are the numbers of the kinds, empty while there are none."""
        if not kinds:
            return self.schema
        numbers = ", ".join(f"{literal(name)} = {number}" for name, number in kinds.items())
        return self.schema.replace("kind String", f"kind Enum16({numbers})")

    @property
    def names(self) -> str:
        """The columns in order, for a SELECT or INSERT list."""
        return ", ".join(name for name, _ in self.columns)

    def merged(self, relation: str, condition: str = "1") -> str:
        """Return the SELECT that reads ``relation`` where ``condition`` holds, sorted, with equal keys summed up."""
        order = ", ".join(self.order)
        if not self.sums:
            return f"SELECT {self.names} FROM {relation} WHERE {condition} ORDER BY {order}"
        chosen = ", ".join(f"sum({name})" if name in self.sums else name for name, _ in self.columns)
        return f"SELECT {chosen} FROM {relation} WHERE {condition} GROUP BY {order} ORDER BY {order}"


EVENT = Table(
    name="event",
    columns=(
        ("kind", "String"),
        ("member", "UInt32"),
        ("community", "UInt32"),
        ("occurred_at", "DateTime64(3, 'UTC')"),
        ("position", "UInt64"),
        ("value", "Int64"),
        ("other", "UInt32"),
        ("data", "String"),
        ("recorded_member", "UInt32"),
        ("recorded_other", "UInt32"),
    ),
    order=("kind", "member", "occurred_at", "position"),
    month="toYYYYMM(occurred_at)",
    seen=("min(occurred_at)", "max(occurred_at)"),
    row_group=100_000,
    compression="lz4",
    dictionary=1024 * 1024,
    parted_by=("member", "position"),
)

# Days are counted over millions of rows. Members in the clear and light compression let that take two thirds of the time, for
# a tenth more of the disk.
MEMBER_DAY = Table(
    name="member_day",
    columns=(
        ("kind", "String"),
        ("day", "Date"),
        ("community", "UInt32"),
        ("member", "UInt32"),
        ("recorded_member", "UInt32"),
        ("count", "UInt64"),
        ("value", "Int64"),
    ),
    order=("kind", "day", "community", "member", "recorded_member"),
    month="toYYYYMM(day)",
    seen=("toDateTime64(min(day), 3, 'UTC')", "toDateTime64(max(day), 3, 'UTC')"),
    row_group=300_000,
    compression="lz4",
    dictionary=8 * 1024,
    sums=("count", "value"),
)

TABLES = (EVENT, MEMBER_DAY)


def literal(text: str) -> str:
    """Return ``text`` as a SQL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def count_days(relation: str, zones: dict[str, list[int]], default: str, condition: str = "1") -> str:
    """Return the SELECT that folds events into rows of `MEMBER_DAY`; events without a member are left out.

    Args:
        relation: what to read events from.
        zones: communities by IANA time zone; the days of all others are those of ``default``.
        default: the IANA time zone of events outside any listed community.
        condition: which events to take.
    """
    branches = "".join(
        f"community IN ({', '.join(map(str, communities))}), toDate(occurred_at, {literal(zone)}), "
        for zone, communities in zones.items()
        if zone != default
    )
    day = f"toDate(occurred_at, {literal(default)})"
    if branches:
        day = f"multiIf({branches}{day})"
    return (
        f"SELECT kind, {day} AS day, community, member, recorded_member, count(), sum(value) FROM {relation}"
        f" WHERE recorded_member != 0 AND ({condition}) GROUP BY kind, day, community, member, recorded_member"
        f" ORDER BY {', '.join(MEMBER_DAY.order)}"
    )
