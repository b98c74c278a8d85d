"""How large a request may be, decided before anything of it is read.

Checking for forgery reads the form, and reading a form writes its files to disk: a stranger must not be able to fill it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

ROOM = 1024 * 1024
"""Bytes that a form may need beside its file."""


class BodyLimitMiddleware:
    """Refuse bodies larger than a form, but for files of somebody who is signed in, at the address that takes them.

    Stands after the session and before the check for forgery. A body without a length is no body for a WSGI server.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > self._allowed(request):
            return HttpResponse(_("发送的内容太大，没有接收。"), status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    @staticmethod
    def _allowed(request: HttpRequest) -> int:
        form = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + ROOM
        if request.path != reverse("console:import-upload") or SESSION_KEY not in request.session:
            return form
        return int(settings.UPLOAD_LIMIT) + ROOM
