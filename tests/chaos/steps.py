"""What the trial does inside an installation: prepare it, import or queue files, wait, and say what it holds.

A digest names members by their identities and communities by their chats, never by ids, which also stand at the end of the
sources of files that name no chat: ids may differ between two installations after transactions that were rolled back. Source ids are
left out, because each installation has its own key; and so is when a member was described or tagged, which is the instant of the import.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from liuliang.cli.main import ready

WHO = """
CREATE TEMP TABLE who AS
SELECT m.id,
    min(i.kind || ':' || CASE i.kind WHEN 'name' THEN regexp_replace(i.value, '^[0-9]+:', '') ELSE i.value END) AS name
FROM people_member m
JOIN people_member same ON coalesce(same.canonical_id, same.id) = coalesce(m.canonical_id, m.id)
JOIN people_identity i ON i.member_id = same.id
GROUP BY m.id
"""
LOG = """
SELECT e.kind, CASE WHEN e.kind NOT IN ('member.described', 'member.tagged') THEN e.occurred_at::text END, regexp_replace(e.source, ':' || e.community || '$', ':'), w.name, c.name,
    (e.data - 'inviter' - 'by' - 'reply_to' - 'target' - 'reply_member' - 'mentions' - 'into' - 'out_of' - 'order' - 'tag')::text,
    inviter.name, author.name
FROM kernel_event e
LEFT JOIN who w ON w.id = e.member
LEFT JOIN people_community c ON c.id = e.community
LEFT JOIN who inviter ON inviter.id = (e.data->>'inviter')::int
LEFT JOIN who author ON author.id = (e.data->>'reply_member')::int
WHERE e.kind NOT IN ('member.merged', 'member.split', 'member.listed')
"""
PROJECTIONS = {
    "membership": """
        SELECT w.name, c.name, p.first_joined_at::text, p.last_joined_at::text, p.last_left_at::text, p.first_spoke_at::text,
            p.last_spoke_at::text, p.messages, p.how, p.role, p.is_present
        FROM people_membership p JOIN who w ON w.id = p.member_id JOIN people_community c ON c.id = p.community_id""",
    "activity": """
        SELECT w.name, p.messages, p.last_spoke_at::text FROM people_activity p JOIN who w ON w.id = p.member_id""",
    "buyers": """
        SELECT w.name, p.orders, p.paid, p.refunded, p.last_order_at::text
        FROM commerce_buyer p JOIN who w ON w.id = p.member_id""",
}


def prepare() -> None:
    """Bring the schema up to date."""
    ready(migrate=True)


def bring_in(paths: list[str], *, run: bool) -> None:
    """Receive and recognise files; import them here, or leave them to the worker."""
    ready()
    from liuliang.importers import jobs, services
    from liuliang.kernel import readers

    for path in map(Path, paths):
        with path.open("rb") as stream:
            row = services.receive(stream, path.name)
        assert services.examine(row) is not None, path
        if run:
            services.queue(row)
            assert services.run(row.pk).state == "done"
        else:
            jobs.start(row)
    if run:
        for reader in readers.readers():
            readers.catch_up(reader)


def wait(seconds: float) -> None:
    """Wait until every import is done and no reader lags; PostgreSQL may be down for a moment."""
    ready()
    from django.db import DatabaseError, connection

    from liuliang.importers.models import Import
    from liuliang.kernel import readers

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            open_imports = Import.objects.exclude(state="done").count()
            if open_imports == 0 and not any(readers.lag().values()):
                return
        except DatabaseError:
            connection.close()
        time.sleep(0.2)
    states = list(Import.objects.exclude(state="done").values_list("id", "state", "error", "checkpoint"))
    raise TimeoutError(f"not done: {states}, lag {readers.lag()}")


def digest() -> None:
    """Print what the installation holds, as a hash for each part."""
    ready()
    from django.db import connection

    from liuliang.kernel import projections, readers
    from liuliang.lake.queries import query

    with connection.cursor() as cursor:

        def rows(statement: str) -> list[tuple[Any, ...]]:
            cursor.execute(statement)
            return cursor.fetchall()

        cursor.execute(WHO)
        names = dict(rows("SELECT id, name FROM who"))
        groups = dict(rows("SELECT id, name FROM people_community"))
        log = rows(LOG)
        told: dict[str, object] = {"events": len(log), "log": _hash(log)}
        told |= {name: _hash(rows(statement)) for name, statement in PROJECTIONS.items()}
    kinds = "kind NOT IN ('member.merged', 'member.split', 'member.listed')"
    lake = query(
        "SELECT kind, member, community, if(kind IN ('member.described', 'member.tagged'), 0, toUnixTimestamp(occurred_at)), value"
        f" FROM {{events}} WHERE {kinds}"
    ).rows
    told["lake"] = _hash((kind, names.get(who), groups.get(where), at, value) for kind, who, where, at, value in lake)
    days: Counter[tuple[Any, ...]] = Counter()
    counted = query(f"SELECT kind, toString(day), community, member, count FROM {{member_day}} WHERE {kinds}").rows
    for kind, day, where, who, count in counted:
        days[kind, day, groups.get(where), names.get(who)] += count
    told["member days"] = _hash((*key, count) for key, count in days.items())
    told["differs from a fresh fold"] = [
        reader.name
        for reader in readers.readers()
        if isinstance(reader, projections.Projection) and not projections.verify(reader).is_none
    ]
    sys.stdout.write(json.dumps(told))


def _hash(rows: Iterable[tuple[Any, ...]]) -> str:
    lines = sorted(json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return f"{len(lines)}:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:16]}"


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    if step == "prepare":
        prepare()
    elif step == "import":
        bring_in(arguments, run=True)
    elif step == "queue":
        bring_in(arguments, run=False)
    elif step == "wait":
        wait(float(arguments[0]))
    else:
        digest()
