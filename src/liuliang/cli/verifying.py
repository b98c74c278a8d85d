"""`liuliang verify` and `liuliang rebuild`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from liuliang.kernel import projections, readers
from liuliang.kernel.errors import Refused
from liuliang.kernel.projections import Projection
from liuliang.lake import verifying as lake
from liuliang.lake.queries import READER as LAKE
from liuliang.loyalty import ledger

out = Console()

FAULTS_SHOWN = 50
"""Faults of the ledger that are named one by one."""


def _projections() -> dict[str, Projection]:
    return {reader.name: reader for reader in readers.readers() if isinstance(reader, Projection)}


def verify_everything() -> bool:
    """Check what must always hold; return whether it does.

    Every projection is compared with a fresh fold of the log, the lake with the log, and the ledger with its own rules.
    """
    table = Table("projection", "rows", "only in use", "only in a fresh fold", "")
    equal = True
    for projection in _projections().values():
        difference = projections.verify(projection)
        equal = equal and difference.is_none
        table.add_row(
            difference.projection,
            f"{difference.rows:,}",
            f"{difference.extra:,}",
            f"{difference.missing:,}",
            "[green]equal[/green]" if difference.is_none else "[red]differs[/red]: liuliang rebuild",
        )
    copy = lake.verify()
    table.add_row(
        LAKE,
        f"{copy.events:,}",
        f"{copy.extra:,}",
        f"{copy.missing + copy.days:,}",
        "[green]equal[/green]" if copy.is_none else "[red]differs[/red]: liuliang rebuild",
    )
    out.print(table)
    return _is_ledger_sound() and equal and copy.is_none


def _is_ledger_sound() -> bool:
    """Say whether every rule of the ledger holds, and where not, which account, transfer, hold or lot breaks which."""
    faults = ledger.faults()
    if not faults:
        out.print("ledger: [green]every rule holds[/green]")
        return True
    table = Table("ledger", "which")
    for fault in faults[:FAULTS_SHOWN]:
        table.add_row(fault.rule, fault.what)
    out.print(table)
    out.print(
        f"ledger: [red]{len(faults):,} faults[/red]. Entries are never changed, so no rebuild mends this: stop the"
        " product, restore the latest backup beside it, and compare these rows."
    )
    return False


def rebuild_projection(name: str) -> None:
    """Forget one projection, or the lake, and fold it again to the end of the log.

    Raises:
        Refused: ``rebuild.unknown``.
    """
    known = {
        reader.name: reader for reader in readers.readers() if isinstance(reader, Projection) or reader.name == LAKE
    }
    if name not in known:
        raise Refused("rebuild.unknown", name=name, known=", ".join(sorted(known)))
    reader = known[name]
    if isinstance(reader, Projection):
        projections.rebuild(reader)
    else:
        lake.reseal()
    steps = readers.catch_up(reader)
    out.print(f"{name}: folded again in {steps:,} steps.")
