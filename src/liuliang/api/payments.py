"""The door for those who tell that an order was paid or money went back. Whoever knocks is believed by their signature alone."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from liuliang.commerce import paying
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

MOST = 64 * 1024
"""Bytes of a notice at the most; they have two or three thousand."""

_STATUS = {
    "payment.signature": 401,
    "payment.adapter": 404,
    "payment.account": 404,
    "payment.unknown": 404,
}


@csrf_exempt
@require_POST
def take_notice(request: HttpRequest, adapter: str) -> JsonResponse:
    """Take in a notice. 200 when it was taken in or says nothing new, 401 for a wrong signature, 503 to be told again later."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        return _fails(413, "too large")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        paying.receive(adapter, headers, request.body, at=clock.now())
    except Refused as refusal:
        return _fails(_STATUS.get(refusal.code, 503), refusal.code)
    return JsonResponse({"code": "SUCCESS", "message": "OK"})


def _fails(status: int, why: str) -> JsonResponse:
    return JsonResponse({"code": "FAIL", "message": why}, status=status)
