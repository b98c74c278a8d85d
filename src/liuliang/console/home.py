"""The way in: from the bare address to the first page that the person may open."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect

from liuliang.console.doors import StaffRequest, page
from liuliang.ui import navigation


@page(permission="")
def home(request: StaffRequest) -> HttpResponse:
    """Go to the first page of one's sidebar; without any, to one's account."""
    lines = navigation.lines(request)
    return redirect(lines[0].url if lines else "console:account")
