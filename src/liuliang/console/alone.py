"""Parts of pages that somebody opens by themselves: a dialog's address from the history, a link, the address bar.

htmx asks for parts and puts them into the page that is there. Opened by itself a part would be bare text without styles,
title or a way on; so it gets the shell around it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from liuliang.accounts.models import Staff

WHOLE = b"<!doctype"


class WholePageMiddleware:
    """Put the shell around a part of a page that was not asked for by a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        response = self.get_response(request)
        if _is_alone(request, response):
            part = mark_safe(response.content.decode())  # noqa: S308 - our own template drew it
            response.content = render_to_string("console/alone.html", {"part": part}, request)
        return response


def _is_alone(request: HttpRequest, response: HttpResponse) -> bool:
    # Who asks is looked at last: that may be a question to the database.
    if "HX-Request" in request.headers or not response.get("Content-Type", "").startswith("text/html"):
        return False
    if response.streaming or not response.content or response.content[:200].lstrip().lower().startswith(WHOLE):
        return False
    return isinstance(request.user, Staff)
