"""A place to measure in: a database and a data folder of its own, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from liuliang.kernel import postgres


@contextlib.contextmanager
def scratch_installation() -> Iterator[None]:
    """Set Django up on a fresh database of the server in use and on an empty data folder; drop both at the end.

    Must run before Django is set up in this process.
    """
    postgres.start_if_private()
    given = postgres.database_url()
    name = f"liuliang_bench_{os.getpid()}"
    folder = tempfile.mkdtemp(prefix="liuliang-bench-")
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0").format(sql.Identifier(name))
        )
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    os.environ["LIULIANG_HOME"] = folder
    os.environ["DJANGO_SETTINGS_MODULE"] = "liuliang.project.settings"
    try:
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        yield
        connections.close_all()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
