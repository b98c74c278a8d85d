"""`liuliang verify` and `liuliang rebuild`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from liuliang.kernel import projections, readers
from liuliang.kernel.errors import Refused
from liuliang.kernel.projections import Projection
from liuliang.lake import verifying as lake
from liuliang.lake.queries import READER as LAKE

out = Console()


def _projections() -> dict[str, Projection]:
    return {reader.name: reader for reader in readers.readers() if isinstance(reader, Projection)}


def verify_everything() -> bool:
    """Compare every projection with a fresh fold of the log, and the lake with the log; return whether all are equal."""
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
    return equal and copy.is_none


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
