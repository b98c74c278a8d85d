"""`liuliang verify` and `liuliang rebuild`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from liuliang.kernel import projections, readers
from liuliang.kernel.errors import Refused
from liuliang.kernel.projections import Projection

out = Console()


def _projections() -> dict[str, Projection]:
    return {reader.name: reader for reader in readers.readers() if isinstance(reader, Projection)}


def verify_everything() -> bool:
    """Compare every projection with a fresh fold of the log and print the result; return whether all are equal."""
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
    out.print(table)
    return equal


def rebuild_projection(name: str) -> None:
    """Forget one projection and fold it again to the end of the log.

    Raises:
        Refused: ``rebuild.unknown``.
    """
    known = _projections()
    if name not in known:
        raise Refused("rebuild.unknown", name=name, known=", ".join(sorted(known)))
    projections.rebuild(known[name])
    steps = readers.catch_up(known[name])
    out.print(f"{name}: folded again in {steps:,} steps.")
