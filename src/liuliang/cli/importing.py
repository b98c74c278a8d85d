"""`liuliang import`: files into the log from a shell, with a bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from liuliang.cli.words import explain, in_shell
from liuliang.cli.words import marked as _
from liuliang.importers import holds, services
from liuliang.importers.base import sources
from liuliang.importers.models import Import
from liuliang.kernel import clock, readers
from liuliang.kernel.errors import Refused
from liuliang.people.communities import create_community
from liuliang.people.models import Community

out = Console()


def import_with_progress(
    files: Sequence[Path], *, community: str, timezone: str, source: str, is_sure: bool = False
) -> bool:
    """Import ``files`` one after another and return whether every one of them went in.

    ``is_sure`` is as in `liuliang.importers.services.queue`.
    """
    if source and sources().get(source) is None:
        known = ", ".join(plugin.key for plugin in sources())
        told = in_shell(_("{name}：没有这种格式。有这些：{known}。"), name=source, known=known)
        out.print(f"[red]✗[/red] {told}")
        return False
    target = _community(community) if community else None
    return import_all([(path, target) for path in files], timezone=timezone, source=source, is_sure=is_sure)


def import_all(
    files: Sequence[tuple[Path, Community | None]], *, timezone: str = "", source: str = "", is_sure: bool = False
) -> bool:
    """Import each file into its community (None: found or made for its chat); return whether all went in.

    What the worker and the follower would do is done here, so it works whether or not the product runs.
    """
    fine = True
    refused: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=out) as progress:
        for path, community in files:
            size = path.stat().st_size if path.is_file() else 1
            bar = progress.add_task(path.name[:40], total=size, told="")

            def show(row: Import, bar: TaskID = bar) -> None:
                progress.update(bar, completed=row.progress, told=_read(row))

            try:
                row = _import(path, community, timezone=timezone, source=source, is_sure=is_sure, show=show)
            except Refused as refusal:
                # The files after it go in all the same.
                fine = False
                refused.append(explain(refusal))
                progress.update(bar, completed=size, told="[red]✗[/red]")
                continue
            if row.state != "done":
                fine = False
                refused.append(explain(Refused(row.error, **row.error_data)))
            progress.update(bar, completed=row.size, told=_told(row))
        following = progress.add_task(
            in_shell(_("整理")), total=len(readers.readers()), told=in_shell(_("名单、统计和湖"))
        )
        for reader in readers.readers():
            readers.catch_up(reader)
            progress.advance(following)
        progress.update(following, told="[green]✓[/green] " + in_shell(_("名单、统计和湖都跟上了")))
    for why in refused:
        # Beside a bar there is no room for a sentence.
        out.print(f"[red]✗[/red] {escape(why)}", soft_wrap=True)
    return fine


def _import(
    path: Path,
    community: Community | None,
    *,
    timezone: str,
    source: str,
    is_sure: bool,
    show: Callable[[Import], None],
) -> Import:
    try:
        with path.open("rb") as stream:
            row = services.receive(stream, path.name)
    except FileNotFoundError as error:
        raise Refused("import.file_missing", name=path.name) from error
    except OSError as error:
        raise Refused("import.file_unreadable", name=path.name, reason=error.strerror) from error
    # Held from step to step, or a worker would take an import for one that was left behind.
    with holds.hold(row.pk):
        if services.examine(row, source=source) is not None:
            services.queue(row, community=community, timezone=timezone, is_sure=is_sure)
            row = services.run(row.pk, on_progress=show)
    return row


def _community(name: str) -> Community:
    found = Community.objects.filter(name=name, archived_at=None).first()
    if found is None:
        found = create_community(name=name, at=clock.now())
        out.print(_yellow(in_shell(_("没有叫“{name}”的社群，新建了一个。"), name=escape(name))))
    return found


def _told(row: Import) -> str:
    if row.state != "done":
        return "[red]✗[/red]"
    counts = {key: f"{number:,}" for key, number in row.counts.items() if number}
    told = in_shell(_("{source}：新增 {added}，已有 {known}"), source=row.source, **{"added": 0, "known": 0, **counts})
    if people := counts.get("people"):
        told += in_shell(_("，新成员 {n}"), n=people)
    if private := counts.get("private"):
        told += _yellow(in_shell(_("，私聊 {n} 条没有导入（是群的话用 --community 说明）"), n=private))
    if row.unreadable:
        told += _yellow(in_shell(_("，读不懂 {n} 处"), n=f"{row.unreadable:,}"))
    return f"[green]✓[/green] {told}"


def _read(row: Import) -> str:
    return in_shell(_("已读 {n} 条"), n=f"{row.counts.get('read', 0):,}")


def _yellow(words: str) -> str:
    return f"[yellow]{words}[/yellow]"
