"""From which network address a request came."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the client's address, or None when there is none to be had (a UNIX socket).

    ``X-Forwarded-For`` is believed only behind a proxy of our own (``LIULIANG_BEHIND_PROXY``), and of it only the last
    entry, which that proxy added: everything before it is what the client claims.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    try:
        return str(ip_address(text))
    except ValueError:
        return None
