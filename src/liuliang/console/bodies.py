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
from liuliang.ui.formats import file_size

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
            return HttpResponse(_refusal(request), status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def form_limit() -> int:
    """Return how many bytes a form may have, its files included, that is sent without a script."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + ROOM


def _limit(request: HttpRequest, length: int) -> int:
    """Return how many bytes may be sent; who sends them is asked only when a form has fewer than ``length``."""
    if length <= form_limit() or not _takes_files(request):
        return form_limit()
    if settings.CSRF_HEADER_NAME not in request.META:
        return form_limit()
    # The middleware that knows who is signed in stands behind the check for forgery.
    staff = get_user(request)
    if not isinstance(staff, Staff) or not Access(staff).may(IMPORTS_RUN):
        return form_limit()
    return int(settings.UPLOAD_LIMIT) + ROOM


def _takes_files(request: HttpRequest) -> bool:
    return request.path == reverse("console:import-upload")


def _refusal(request: HttpRequest) -> str:
    """Return what somebody reads whose body was too large, and what to do about it."""
    if not _takes_files(request):
        return _("发送的内容太大，没有接收。")
    if settings.CSRF_HEADER_NAME not in request.META:
        return _(
            "文件太大，没有接收：浏览器没有运行脚本，这样一次最多上传 {size}。请允许脚本后再传，或在服务器上用 liuliang import 导入。"
        ).format(size=file_size(form_limit()))
    return _("文件太大，没有接收：一个文件最多 {size}。请分段导出后上传，重复的部分不会再算。").format(
        size=file_size(int(settings.UPLOAD_LIMIT))
    )
