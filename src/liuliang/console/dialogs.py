"""Forms in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise

from liuliang.console import errors
from liuliang.console.doors import StaffRequest
from liuliang.kernel.errors import Refused

INVALID = 422


def done(form: forms.Form, effect: Callable[[Mapping[str, Any]], object]) -> bool:
    """Let a form have its effect if it is filled in rightly; what is refused is said in the form."""
    if not form.is_valid():
        return False
    try:
        effect(form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, errors.sentence(refusal))
        return False
    return True


def dialog(
    request: StaffRequest, form: forms.Form, title: str | Promise, button: str | Promise, **more: object
) -> HttpResponse:
    """Show a form in a dialog. ``text`` stands above its fields; with ``people`` a search for a member does."""
    context = {"form": form, "title": title, "button": button, "url": request.path, **more}
    template = str(more.get("template", "console/dialog.html"))
    return render(request, template, context, status=INVALID if form.errors else 200)
