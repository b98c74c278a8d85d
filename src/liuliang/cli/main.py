"""`liuliang`: one command for everything that is done from a shell."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liuliang.bench.run import BENCHMARKS
from liuliang.cli.address import make_known
from liuliang.kernel import environment, logs, postgres
from liuliang.kernel.errors import Refused

app = typer.Typer(
    name="liuliang",
    help="Run communities, and know who stayed. 留量：流量 − 蒸发量。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
err = Console(stderr=True)

WithParent = Annotated[bool, typer.Option(help="Stop when the process that started this one is gone, as make may be.")]


def run() -> None:
    """Run the command line; a refusal becomes one clear line and exit status 1."""
    try:
        app()
    except Refused as refusal:
        from liuliang.cli.words import explain

        err.print(f"[red]✗[/red] {explain(refusal)}")
        sys.exit(1)


def ready(*, migrate: bool = False) -> None:
    """Start the private PostgreSQL if needed, set Django up, and bring the schema up to date if asked."""
    postgres.start_if_private()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuliang.project.settings")
    import django

    django.setup()
    from django.db import connection

    from liuliang.cli.starting import patiently

    patiently(_bring_up_to_date if migrate else connection.ensure_connection)


def _bring_up_to_date() -> None:
    from django.core.management import call_command
    from django.db import transaction

    from liuliang.cli.words import in_shell
    from liuliang.cli.words import marked as _
    from liuliang.kernel import restore
    from liuliang.lake.verifying import make_whole

    call_command("migrate", verbosity=0, interactive=False)
    with transaction.atomic():
        renumbered = restore.settle()
        is_anew = make_whole(is_renumbered=renumbered > 0)
    if renumbered:
        err.print(in_shell(_("日志来自另一个 PostgreSQL：{n} 个事件重新编了号。"), n=f"{renumbered:,}"))
    if is_anew:
        err.print(in_shell(_("湖里的文件不是这份日志的，正在按日志重新生成。")))


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
    with_parent: WithParent = False,
) -> None:
    """Start what is missing (PostgreSQL, web, worker, follower), watch it, stop it cleanly on Ctrl-C or SIGTERM."""
    parent = os.getppid() if with_parent else None
    make_known(host, port)
    ready(migrate=True)
    _supervise(host, port, parent)


def _supervise(host: str, port: int, parent: int | None) -> None:
    from liuliang.cli.starting import patiently
    from liuliang.cli.supervisor import Supervisor
    from liuliang.cli.welcome import welcome

    Supervisor(host, port, on_ready=lambda: patiently(lambda: welcome(host, port)), parent=parent).run()


@app.command()
def web(
    host: Annotated[str, typer.Option(envvar="LIULIANG_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="LIULIANG_PORT", help="Port to listen on.")] = 8765,
    workers: Annotated[int, typer.Option(envvar="LIULIANG_WEB_WORKERS", help="Processes.")] = 2,
    threads: Annotated[int, typer.Option(envvar="LIULIANG_WEB_THREADS", help="Threads per process.")] = 4,
) -> None:
    """Run the web server alone."""
    from liuliang.cli.supervisor import end_with_supervisor
    from liuliang.cli.web import serve

    end_with_supervisor()
    make_known(host, port)
    postgres.start_if_private()
    serve(host, port, workers, threads)


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(envvar="LIULIANG_WORKER_JOBS", help="Jobs at once.")] = 2,
) -> None:
    """Run a worker alone: it does the jobs."""
    from liuliang.cli.supervisor import end_with_supervisor

    end_with_supervisor()
    ready()
    from liuliang.kernel import worker as working

    working.run(concurrency)


@app.command()
def follower(
    only: Annotated[
        bool,
        typer.Option("--only", help="Say that no other follower runs on this database: it then reads the log once."),
    ] = False,
) -> None:
    """Run a follower alone: it folds the log into projections and seals it into the lake."""
    from liuliang.cli.supervisor import end_with_supervisor

    end_with_supervisor()
    ready()
    from liuliang.kernel import following

    following.run(only=only)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date, and settle a log that was restored from elsewhere."""
    ready(migrate=True)


@app.command(name="check-migrations", hidden=True)
def check_migrations() -> None:
    """Fail where models and migrations differ; what `make check` runs."""
    ready()
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True)
    call_command("check", fail_level="WARNING")


@app.command(name="import")
def import_files(
    files: Annotated[list[Path], typer.Argument(help="Files to import.")],
    community: Annotated[str, typer.Option(help="Import chats into the community of this name.")] = "",
    timezone: Annotated[str, typer.Option(help="Zone of times that carry none.")] = "",
    source: Annotated[str, typer.Option(help="Format, when it is not recognised; any other word lists them all.")] = "",
    sure: Annotated[
        bool,
        typer.Option(
            "--sure",
            help="Import although the chat was read in another zone before, because this is another part of it.",
        ),
    ] = False,
) -> None:
    """Import chat histories, member lists or orders, with a progress bar."""
    ready(migrate=True)
    logs.configure(as_json=False, level=logs.WARNING)
    from liuliang.cli.importing import import_with_progress

    if not import_with_progress(files, community=community, timezone=timezone, source=source, is_sure=sure):
        raise typer.Exit(1)


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
    serve: Annotated[bool, typer.Option(help="Start the product after the sample brand is in.")] = True,
    with_parent: WithParent = False,
) -> None:
    """Create a sample brand from files in the real formats, and start the product on it."""
    parent = os.getppid() if with_parent else None
    make_known(host, port)
    ready(migrate=True)
    logs.configure(as_json=False, level=logs.WARNING)
    from liuliang.cli.demo import create_sample_brand

    create_sample_brand()
    if serve:
        _supervise(host, port, parent)


@app.command()
def verify() -> None:
    """Fold every projection again beside the one in use and compare; exit status 1 where they differ."""
    ready()
    from liuliang.cli.verifying import verify_everything

    if not verify_everything():
        raise typer.Exit(1)


@app.command()
def rebuild(name: Annotated[str, typer.Argument(help="The projection, as `liuliang doctor` names it.")]) -> None:
    """Forget a projection and fold it again from the log, while the system runs."""
    ready()
    from liuliang.cli.verifying import rebuild_projection

    rebuild_projection(name)


@app.command()
def doctor() -> None:
    """Say what is found: settings, PostgreSQL, the log, who follows it and how far, the lake, jobs that failed."""
    ready()
    from liuliang.cli.doctor import examine

    if not examine():
        raise typer.Exit(1)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(BENCHMARKS)}.")],
    quick: Annotated[bool, typer.Option("--quick", help="A short form, within 45 seconds.")] = False,
    events: Annotated[str, typer.Option(help="analytics: 10m, 50m or a number.")] = "",
    members: Annotated[str, typer.Option(help="analytics: 200k, 1m or a number.")] = "",
) -> None:
    """Measure one thing beside its limit or a peer; the last line is JSON."""
    logs.configure(as_json=False, level=logs.WARNING)
    from liuliang.bench.run import run_benchmark

    size = {"events": events, "members": members}
    run_benchmark(name, quick=quick, **{key: value for key, value in size.items() if value})


@app.command()
def home() -> None:
    """Print the folder that holds this installation's data."""
    typer.echo(environment.home())
