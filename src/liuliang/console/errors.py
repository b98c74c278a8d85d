"""How the console answers a request that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from liuliang.ui.sentences import declare, declared, sentence

if TYPE_CHECKING:
    from liuliang.kernel.errors import Refused

__all__ = ["CONFLICT", "declare", "declared", "refused", "sentence"]

CONFLICT = 409


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """Answer a request whose view refused: a toast for htmx, a page otherwise. Nothing was changed."""
    text = sentence(refusal)
    if getattr(request, "htmx", None):
        # Plain text with an error status is what the page's script shows as a toast.
        return HttpResponse(text, status=CONFLICT, content_type="text/plain; charset=utf-8")
    return TemplateResponse(request, "console/refused.html", {"sentence": text}, status=CONFLICT)
