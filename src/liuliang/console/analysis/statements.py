"""A query as people read it: the store that answers, the statement as it is run, and the values put into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from liuliang.analytics.base import Statement

SHOWN = 12
"""Items of a list of values that are written out."""


def told(statement: Statement) -> str:
    """Return a query with its values, long lists shortened; ``{events}`` and ``{member_day}`` stand for the lake's tables."""
    store = _("湖（ClickHouse）") if statement.store == "lake" else _("数据库（PostgreSQL）")
    lines = [f"-- {store}", statement.sql]
    if statement.values:
        values = _("参数")
        lines.append(f"-- {values}")
        lines += [f"--   {name} = {_written(value)}" for name, value in sorted(statement.values.items())]
    return "\n".join(lines)


def of_records(rows: QuerySet[Any, Any]) -> Statement:
    """Return the query that reads some rows of the database."""
    sql, given = rows.query.sql_with_params()
    values = {f"v{place}": value for place, value in enumerate(given, start=1)}
    return Statement(sql % tuple(f"%({name})s" for name in values), values, "records")


def _written(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = ", ".join(map(str, value[:SHOWN]))
        more = _("……共 {n} 个").format(n=f"{len(value):,}") if len(value) > SHOWN else ""
        return f"[{items}]{more}"
    return str(value)
