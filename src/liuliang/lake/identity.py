"""Who a recorded member is, and what of their events may be read: the SQL that applies pending aliases.

The same text serves queries before the files are rewritten and the rewrite itself, so a query's answer does not change
when the files do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuliang.kernel.events import event_types
from liuliang.lake.tables import EVENT, Table, literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from liuliang.lake.catalogue import Pending


def applied(table: Table, relation: str, pending: Sequence[Pending]) -> str:
    """Return ``relation`` as it reads once the pending aliases have taken effect."""
    if not pending:
        return relation
    changes = [f"{_meant('recorded_member', 'member', pending)} AS member"]
    if table is EVENT:
        changes.append(f"{_meant('recorded_other', 'other', pending)} AS other")
        erased = [alias.recorded for alias in pending if alias.is_erased]
        if erased:
            changes.append(f"if(recorded_member IN ({_numbers(erased)}), {_scrubbed()}, data) AS data")
    return f"(SELECT * REPLACE ({', '.join(changes)}) FROM {relation})"


def is_stale(table: Table, pending: Sequence[Pending]) -> str:
    """Return the condition under which a row as stored does not yet show the pending aliases."""
    everyone = _numbers([alias.recorded for alias in pending])
    terms = [f"(recorded_member IN ({everyone}) AND member != {_meant('recorded_member', 'member', pending)})"]
    if table is EVENT:
        terms.append(f"(recorded_other IN ({everyone}) AND other != {_meant('recorded_other', 'other', pending)})")
        erased = [alias.recorded for alias in pending if alias.is_erased]
        if erased:
            terms.append(f"(recorded_member IN ({_numbers(erased)}) AND {_holds_personal()})")
    return " OR ".join(terms)


def _meant(recorded: str, otherwise: str, pending: Sequence[Pending]) -> str:
    before = _numbers([alias.recorded for alias in pending])
    after = _numbers([alias.canonical for alias in pending])
    # Zero is nobody and never an alias, so the first pair only makes the arrays' type known to be UInt32.
    return f"transform({recorded}, [toUInt32(0), {before}], [toUInt32(0), {after}], {otherwise})"


def _numbers(ids: Collection[int]) -> str:
    return ", ".join(map(str, ids))


def _personal() -> tuple[str, str]:
    """Return the SQL list of known kinds, and the SQL array of the personal fields of a row's kind."""
    types = event_types().values()
    known = ", ".join(literal(kind.kind) for kind in types) or "''"
    fields = "".join(
        f"kind = {literal(kind.kind)}, [{', '.join(map(literal, kind.personal))}], " for kind in types if kind.personal
    )
    nothing = "CAST([], 'Array(String)')"
    return known, f"multiIf({fields}{nothing})" if fields else nothing


def _scrubbed() -> str:
    """Return the SQL of ``data`` without personal fields; of a kind that nobody here knows, nothing is kept."""
    known, fields = _personal()
    kept = f"arrayFilter(pair -> NOT has({fields}, pair.1), JSONExtractKeysAndValuesRaw(data))"
    pairs = f"arrayMap(pair -> concat(toJSONString(pair.1), ': ', pair.2), {kept})"
    return f"if(kind IN ({known}), concat('{{', arrayStringConcat({pairs}, ', '), '}}'), '{{}}')"


def _holds_personal() -> str:
    known, fields = _personal()
    return f"if(kind IN ({known}), arrayExists(field -> JSONHas(data, field), {fields}), data != '{{}}')"
