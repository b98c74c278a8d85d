"""How large a request may be, decided before anything of it is read.

Checking for forgery reads the form, and reading a form writes its files to disk: nobody who may not import must be able
to fill it, nor another site in the name of somebody who may.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import IMPORTS_RUN
from liuliang.people.access import Access

ROOM = 1024 * 1024
"""Bytes that a form may need beside its file."""

_LENGTH = re.compile(r"[0-9]{1,18}")


class BodyLimitMiddleware:
    """Refuse bodies larger than a form, but for files of staff who may import, at the address that takes them.

    A large body must name its token in the header, as the drop zone does: another site cannot set that header. A form sent
    without a script has it in the body, which is too late, so that its files are limited to the size of a form.
    Stands after the session and before the check for forgery. A body without a length is no body for a WSGI server.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        told = request.META.get("CONTENT_LENGTH") or "0"
        if not _LENGTH.fullmatch(told):
            return HttpResponse(_("请求的长度写错了。"), status=400, content_type="text/plain; charset=utf-8")
        if int(told) > _limit(request, int(told)):
            return HttpResponse(_("发送的内容太大，没有接收。"), status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def _limit(request: HttpRequest, length: int) -> int:
    """Return how many bytes may be sent; who sends them is asked only when a form has fewer than ``length``."""
    form = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + ROOM
    if length <= form or request.path != reverse("console:import-upload"):
        return form
    if settings.CSRF_HEADER_NAME not in request.META:
        return form
    # The middleware that knows who is signed in stands behind the check for forgery.
    staff = get_user(request)
    if not isinstance(staff, Staff) or not Access(staff).may(IMPORTS_RUN):
        return form
    return int(settings.UPLOAD_LIMIT) + ROOM
