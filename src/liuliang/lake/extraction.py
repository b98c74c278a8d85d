"""Taking a window of the log out of PostgreSQL, and what the lake's event table says of each row.

PostgreSQL only hands the rows over; reading numbers out of their data and finding whom they mean is the engine's part,
which does it many times as fast.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.db import connection

from liuliang.kernel.events import event_types
from liuliang.lake.catalogue import Pending
from liuliang.lake.identity import applied
from liuliang.lake.tables import EVENT, literal

if TYPE_CHECKING:
    from liuliang.kernel.readers import Window

ROW = (
    ("kind", "String"),
    ("recorded_member", "UInt32"),
    ("community", "UInt32"),
    ("occurred_at", "DateTime64(3, 'UTC')"),
    ("position", "UInt64"),
    ("data", "String"),
)
"""The columns of a row as taken from the log."""

ROW_SCHEMA = ", ".join(f"{name} {kind}" for name, kind in ROW)

# What the engine's DateTime64 can hold; no event is worth a sealer that stops.
_FIRST, _LAST = "1900-01-01", "2299-12-31"


def copy_rows(window: Window, into: IO[bytes]) -> int:
    """Write the window's events to ``into`` as tab-separated rows with the columns of `ROW`; return how many there were."""
    condition, params = window.where()
    select = (
        "SELECT e.kind, coalesce(e.member, 0), coalesce(e.community, 0),"
        f" least(greatest(e.occurred_at, timestamptz '{_FIRST}'), timestamptz '{_LAST}') AT TIME ZONE 'UTC',"
        f" e.position, e.data FROM kernel_event e WHERE {condition}"
    )
    rows = 0
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY ({select}) TO STDOUT", params) as copy:
        write = into.write
        for row in copy:
            write(row)
            rows += 1
    return rows


def as_events(rows: str) -> str:
    """Return the SQL relation of `EVENT` rows that these rows of `ROW` are, as of this transaction's aliases."""
    value = _field("value", "Int64")
    # A member's number fits an int4; anything else in that field is nobody.
    other = f"if({_field('other', 'Int64')} BETWEEN 0 AND 2147483647, toUInt32({_field('other', 'Int64')}), 0)"
    columns = {"member": "recorded_member", "value": value, "other": "recorded_other", "recorded_other": other}
    chosen = ", ".join(f"{columns[name]} AS {name}" if name in columns else name for name, _ in EVENT.columns)
    return applied(EVENT, f"(SELECT {chosen} FROM {rows})", _aliases())


def _field(role: str, kind: str) -> str:
    """Return the SQL of the number in the field that a row's kind names as ``value`` or ``other``; 0 where there is none."""
    fields = {known.kind: getattr(known, role) for known in event_types().values() if getattr(known, role)}
    branches = "".join(
        f"kind = {literal(name)}, JSONExtract(data, {literal(field)}, {literal(kind)}), "
        for name, field in fields.items()
    )
    return f"multiIf({branches}to{kind}(0))" if branches else f"to{kind}(0)"


def _aliases() -> tuple[Pending, ...]:
    """Return everything known of members that rows must show, settled or not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded, canonical, is_erased, changed_at FROM lake_lakealias WHERE canonical != recorded OR is_erased"
        )
        return tuple(Pending(*row) for row in cursor.fetchall())
