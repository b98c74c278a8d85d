"""The description of the interface as OpenAPI 3.1, made from the declarations of its operations."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from liuliang.accounts.models import Staff
from liuliang.api.operations import OPERATIONS, Operation, key_access
from liuliang.api.problems import CONTENT_TYPE, problem
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Describe the interface to staff who are signed in, and to whoever has a key."""
    if not isinstance(request.user, Staff):
        try:
            key_access(request, at=clock.now())
        except Refused as refusal:
            return problem(refusal)
    return JsonResponse(description(), json_dumps_params={"ensure_ascii": False, "indent": 1})


def description() -> dict[str, Any]:
    """Return the description, in the reader's language."""
    models: set[type[BaseModel]] = {one.answers for one in OPERATIONS}
    models |= {one.takes for one in OPERATIONS if one.takes is not None}
    _references, schemas = models_json_schema(
        [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        path = re.sub(r"<str:(\w+)>", r"{\1}", one.path)
        paths.setdefault(f"/{path}", {})[one.method.lower()] = _described(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": _("留量"), "version": version("liuliang")},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas["$defs"], "Problem": _PROBLEM},
        },
    }


def _described(one: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<str:(\w+)>", one.path)
    ]
    if one.asks is not None:
        asked = one.asks.model_json_schema()
        parameters += [
            {"name": name, "in": "query", "required": name in asked.get("required", ()), "schema": schema}
            for name, schema in asked["properties"].items()
        ]
    if one.moves:
        parameters.append(_KEY)
    told: dict[str, Any] = {
        "operationId": one.name,
        "summary": str(one.summary),
        "description": (one.handle.__doc__ or "").strip(),
        "x-permissions": list(one.permissions),
        "parameters": parameters,
        "responses": {
            "200": {"description": "OK", "content": {"application/json": {"schema": _reference(one.answers)}}},
            "default": {
                "description": "RFC 9457",
                "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if one.takes is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": _reference(one.takes)}}}
    return told


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
