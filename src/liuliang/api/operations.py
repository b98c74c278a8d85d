"""What the interface can do: each operation is declared once, with its permission, what it takes and what it answers.

The declaration is its door, its check and its description. What a caller meets, always in this order: no valid key, 401;
too many calls, 429; the permission nowhere, 403; the member not within its scope, 404; something that is not what was asked
for, 422; and then what the domain refuses. No cookie is looked at, so that no other site can call in the name of somebody
who is signed in::

    @operation("POST", "members/<str:member>/coupons", takes=GiveCoupon, answers=GivenCoupon, permissions=(…), moves=True, …)
    def give_coupon(call: Call, told: GiveCoupon, member: Member) -> GivenCoupon: ...

An operation that moves something demands ``Idempotency-Key``; the key and the effect commit together
(`liuliang.loyalty.idempotency`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ConfigDict, ValidationError

from liuliang.accounts import audit
from liuliang.accounts.addresses import client_address
from liuliang.accounts.permissions import PERMISSIONS
from liuliang.api.problems import invalid, problem
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.idempotency import once
from liuliang.people.access import KeyAccess
from liuliang.people.keys import use_key

MOST = 1024 * 1024
"""Bytes of a request at the most: five hundred orders have about two hundred thousand."""

REPLAYED = "Idempotency-Replayed"
"""The header that says that an answer is that of an earlier request with the same key."""


class Told(BaseModel):
    """What callers send: exactly the fields that are named, of exactly their types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class Asked(BaseModel):
    """What callers ask in the address, where everything is text."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Answer(BaseModel):
    """What callers get."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: what its key may do, when it came, and what names it for ever (empty for one that moves nothing)."""

    access: KeyAccess
    at: datetime
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for. ``takes`` is the body, or, where it moves nothing, ``asks`` the query."""

    name: str
    method: str
    path: str
    summary: str | Promise
    permissions: tuple[str, ...]
    answers: type[Answer]
    takes: type[Told] | None
    asks: type[Asked] | None
    moves: bool
    handle: Callable[..., Answer]
    after_refusal: Callable[..., None] | None = None


Handler = TypeVar("Handler", bound=Callable[..., Answer])

OPERATIONS: list[Operation] = []
"""Every operation, in the order of their declaration."""


def operation(
    method: str,
    path: str,
    *,
    summary: str | Promise,
    permissions: tuple[str, ...],
    answers: type[Answer],
    takes: type[Told] | None = None,
    asks: type[Asked] | None = None,
    moves: bool = False,
    after_refusal: Callable[..., None] | None = None,
) -> Callable[[Handler], Handler]:
    """Declare an operation. All of ``permissions`` are needed, for a member where that member is.

    A refusal takes back all that the operation did. What must stay all the same, such as how often somebody guessed wrong,
    is written by ``after_refusal``: called with the call, the refusal and what the address names, when everything is back.
    """
    unknown = set(permissions) - PERMISSIONS.keys()
    if unknown or not permissions:
        raise ValueError(f"{method} {path} needs permissions that exist, not {sorted(unknown)}")

    def declare(handle: Handler) -> Handler:
        name = handle.__name__.replace("_", "-")
        OPERATIONS.append(
            Operation(name, method, path, summary, permissions, answers, takes, asks, moves, handle, after_refusal)
        )  # fmt: skip
        return handle

    return declare


def view_of(path: str) -> Callable[..., HttpResponse]:
    """Return the view of an address: its operations by their method."""
    methods = {one.method: one for one in OPERATIONS if one.path == path}

    @csrf_exempt
    def view(request: HttpRequest, **named: str) -> HttpResponse:
        found = methods.get(request.method or "")
        if found is None:
            return problem(Refused("request.method", methods=", ".join(sorted(methods))))
        try:
            response = _answer(request, found, named)
        except ValidationError as error:
            response = invalid(error)
        except Refused as refusal:
            response = problem(refusal)
        response["Cache-Control"] = "no-store"
        return response

    return view


def key_access(request: HttpRequest, *, at: datetime) -> KeyAccess:
    """Return what the caller's key may do, and count the call.

    Raises:
        Refused: ``key.missing``, ``key.too_many``.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    key = use_key(secret.strip(), at=at) if scheme.lower() == "bearer" and len(secret) < 200 else None
    if key is None:
        raise Refused("key.missing")
    return KeyAccess(key)


def _answer(request: HttpRequest, asked: Operation, named: Mapping[str, str]) -> JsonResponse:
    at = clock.now()
    access = key_access(request, at=at)
    lacking = next((key for key in asked.permissions if not access.may(key)), None)
    if lacking is not None:
        raise Refused("key.not_allowed", permission=PERMISSIONS[lacking].title)
    found: dict[str, Any] = dict(named)
    if "member" in named:
        found["member"] = access.member(named["member"], *asked.permissions)
        if found["member"] is None:
            raise Refused("member.unknown")
    body = _body(request)
    told: list[BaseModel] = []
    if asked.takes is not None:
        told.append(asked.takes.model_validate_json(body))
    if asked.asks is not None:
        told.append(asked.asks.model_validate(request.GET.dict()))
    with audit.acting(access.staff, client_address(request), via=access.key.name):
        if not asked.moves:
            return _json(asked.handle(Call(access, at), *told, **found).model_dump(mode="json"))
        sent = request.headers.get("Idempotency-Key", "")
        owner = f"api:{access.key.pk}:{asked.method} {request.path}"
        # Short enough for whatever keeps it beside its own prefix.
        cause = "api-" + hashlib.sha256(f"{owner}\n{sent}".encode(errors="replace")).hexdigest()[:32]
        call = Call(access, at, cause)
        try:
            answered = once(
                sent, owner=owner, body=body, at=at,
                effect=lambda: asked.handle(call, *told, **found).model_dump(mode="json"),
            )  # fmt: skip
        except Refused as refusal:
            if asked.after_refusal is not None:
                asked.after_refusal(call, refusal, **found)
            raise
    response = _json(answered.data)
    if answered.is_replayed:
        response[REPLAYED] = "true"
    return response


def _body(request: HttpRequest) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        raise Refused("request.large", most=MOST)
    return request.body


def _json(data: Any) -> JsonResponse:
    # Sorted, because what is kept for a second request comes back in another order: the same answer is the same bytes.
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "sort_keys": True})
