"""Where the product is reached: what is printed at its start, and what letters carry when nobody set another address."""

from __future__ import annotations

import os

from liuliang.kernel import environment

VARIABLE = "LIULIANG_URL"
_LOCAL = frozenset({"", "127.0.0.1", "0.0.0.0", "::", "::1"})  # noqa: S104


def own_address(host: str, port: int) -> str:
    """Return how this machine's browser reaches a web server that listens there."""
    name = "localhost" if host in _LOCAL else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def make_known(host: str, port: int) -> None:
    """Make the address known to this process and to those it starts as the public one, unless one is set.

    To be called before Django reads its settings.
    """
    if not environment.variable(VARIABLE):
        os.environ[VARIABLE] = own_address(host, port)
