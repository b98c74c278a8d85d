"""How the interface says no: problem details (RFC 9457) with the code of the refusal, its sentence and its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from liuliang.kernel.errors import Refused
from liuliang.ui import sentences

CONTENT_TYPE = "application/problem+json"

_STATUS: Mapping[str, int] = {
    "request.json": 400,
    "idempotency.key": 400,
    "key.missing": 401,
    "key.not_allowed": 403,
    "request.method": 405,
    "request.large": 413,
    "request.invalid": 422,
    "idempotency.body": 422,
    "adjustment.amount": 422,
    "adjustment.reason": 422,
    "validity.past": 422,
    "refund.amount": 422,
    "refund.currency": 422,
    "order.future": 422,
    "order.staff": 422,
    "order.source": 422,
    "order.way": 422,
    "survey.score": 422,
    "survey.future": 422,
    "mall.quantity": 422,
    "mall.address": 422,
    "key.too_many": 429,
    "code.wait": 429,
}
"""What is not here and does not end in ``.unknown`` (404) could not be done as things stand: 409."""


def install() -> None:
    """Declare the sentences."""
    sentences.declare(
        {
            "request.json": _("请求的内容不是 JSON。"),
            "request.method": _("这个地址只接受 {methods}。"),
            "request.large": _("请求太大，最多 {most} 字节。请分几次发送。"),
            "request.invalid": _("请求的内容有 {count} 处不对，见 errors。"),
            "key.missing": _("请在请求头 Authorization 里带上有效的密钥：Bearer llk_…。密钥不对、已作废，或生成它的员工已停用。"),
            "key.not_allowed": _("这个密钥没有权限：{permission}。"),
            "key.too_many": _("这个密钥一分钟最多请求 {most} 次，请 {seconds} 秒后再试。"),
            "order.staff": _("没有邮箱或姓名是“{staff}”的同事（重名的要写邮箱），没有记录任何订单。"),
            "order.future": _("订单 {number} 的时间在以后，没有记录任何订单。"),
            "order.source": _("来源“{source}”留给系统自己的订单，请换一个。"),
            "order.community": _("这个密钥只在一部分社群有效，请用 community 说明订单属于哪一个。"),
            "survey.community": _("这个密钥只在一部分社群有效，请用 community 说明问的是哪一个。"),
            "community.unknown": _("没有这个社群，或者它不在这个密钥的范围里。"),
            "coupon.unknown": _("没有这张优惠券，或者它不在这个密钥的范围里。"),
            "gift.unknown": _("没有这件礼品，或者它不在这个密钥的范围里。"),
        }
    )  # fmt: skip


def status_of(code: str) -> int:
    """Return the HTTP status of a refusal."""
    return _STATUS.get(code, 404 if code.endswith(".unknown") else 409)


def problem(refusal: Refused, *, errors: Sequence[Mapping[str, str]] = ()) -> JsonResponse:
    """Answer with a refusal. Nothing was changed."""
    status = status_of(refusal.code)
    told: dict[str, Any] = {
        "type": f"urn:liuliang:problem:{refusal.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentences.sentence(refusal),
        "code": refusal.code,
    }
    if errors:
        told["errors"] = list(errors)
    response = JsonResponse(told, status=status, content_type=CONTENT_TYPE, json_dumps_params={"ensure_ascii": False})
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if status == 405:
        response["Allow"] = str(refusal.data["methods"])
    if status == 429:
        response["Retry-After"] = str(refusal.data["seconds"])
    return response


def invalid(error: ValidationError) -> JsonResponse:
    """Answer that what was sent is not what was asked for, and where; as JSON pointers, without what was sent."""
    told = error.errors(include_url=False, include_context=False, include_input=False)
    # What is wrong within a list makes the list itself too short: only the former is true of what was sent.
    within = {one["loc"][:depth] for one in told for depth in range(len(one["loc"]))}
    found = [one for one in told if one["loc"] not in within]
    if found[0]["type"] == "json_invalid":
        return problem(Refused("request.json"))
    errors = [{"pointer": "".join(f"/{part}" for part in one["loc"]), "detail": one["msg"]} for one in found[:100]]
    return problem(Refused("request.invalid", count=len(found)), errors=errors)
