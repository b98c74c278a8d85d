"""`liuliang import`: files into the log from a shell, with a bar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from liuliang.cli.words import explain
from liuliang.importers import holds, services
from liuliang.importers.base import sources
from liuliang.importers.models import Import
from liuliang.kernel import clock, readers
from liuliang.kernel.errors import Refused
from liuliang.people.communities import create_community
from liuliang.people.models import Community

out = Console()


def import_with_progress(files: Sequence[Path], *, community: str, timezone: str, source: str) -> bool:
    """Import ``files`` one after another and return whether every one of them went in."""
    if source and sources().get(source) is None:
        known = ", ".join(plugin.key for plugin in sources())
        out.print(f"[red]✗[/red] {source}: no such format. There are {known}.")
        return False
    target = _community(community) if community else None
    return import_all([(path, target) for path in files], timezone=timezone, source=source)


def import_all(files: Sequence[tuple[Path, Community | None]], *, timezone: str = "", source: str = "") -> bool:
    """Import each file into its community (None: found or made for its chat); return whether all went in.

    What the worker and the follower would do is done here, so it works whether or not the product runs.
    """
    fine = True
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=out) as progress:
        for path, community in files:
            bar = progress.add_task(path.name[:40], total=path.stat().st_size, told="")

            def show(row: Import, bar: TaskID = bar) -> None:
                progress.update(bar, completed=row.progress, told=f"{row.counts.get('read', 0):,} records")

            with path.open("rb") as stream:
                row = services.receive(stream, path.name)
            # Held from step to step, or a worker would take an import for one that was left behind.
            with holds.hold(row.pk):
                if services.examine(row, source=source) is not None:
                    services.queue(row, community=community, timezone=timezone)
                    row = services.run(row.pk, on_progress=show)
            progress.update(bar, completed=row.size, told=_told(row))
            fine = fine and row.state == "done"
        following = progress.add_task("log", total=len(readers.readers()), told="projections and lake")
        for reader in readers.readers():
            readers.catch_up(reader)
            progress.advance(following)
        progress.update(following, told="[green]✓[/green] projections and lake follow")
    return fine


def _community(name: str) -> Community:
    found = Community.objects.filter(name=name, archived_at=None).first()
    return found or create_community(name=name, at=clock.now())


def _told(row: Import) -> str:
    if row.state != "done":
        return f"[red]✗[/red] {explain(Refused(row.error, **row.error_data))}"
    counts = row.counts
    told = f"[green]✓[/green] {row.source}: "
    told += f"{counts.get('added', 0):,} new, {counts.get('known', 0):,} known"
    if people := counts.get("people"):
        told += f", {people:,} new members"
    if private := counts.get("private"):
        told += f", [yellow]{private:,} of private chats left out[/yellow] (of a group, name its --community)"
    return f"{told}, [yellow]{row.unreadable:,} unreadable[/yellow]" if row.unreadable else told
