"""Toasts: what just happened, said by the answer to a request of htmx."""

from __future__ import annotations

from typing import Literal, TypeVar

from django.http import HttpResponseBase
from django.utils.functional import Promise
from django_htmx.http import trigger_client_event

R = TypeVar("R", bound=HttpResponseBase)


def toast(
    response: R,
    text: str | Promise,
    *,
    kind: Literal["success", "info", "error"] = "success",
    undo: str = "",
    link: str = "",
) -> R:
    """Make the page show a toast when this answer arrives.

    ``undo`` is an address that takes the change back by POST, ``link`` the page of what was made.

    For an answer that loads a whole page use ``django.contrib.messages``; the shell shows those in the same place.
    """
    detail = {"text": str(text), "kind": kind, "undo": undo, "link": link}
    return trigger_client_event(response, "toast", detail)


def close_dialog(response: R) -> R:
    """Make the page close the dialog that a part of the page had opened."""
    return trigger_client_event(response, "dialog:close", {})


def refresh_lists(response: R) -> R:
    """Make the lists of the page read their rows again and forget what was chosen."""
    return trigger_client_event(response, "listing:refresh", {})
