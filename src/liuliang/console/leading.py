"""Where somebody is led once what they sent has been done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django_htmx.http import HttpResponseClientRedirect

from liuliang.console.doors import StaffRequest


def lead_to(request: StaffRequest, address: str) -> HttpResponse:
    """Return the answer that leads to ``address``, whether a dialog asked or a form without scripts."""
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


def back(request: StaffRequest, address: str, said: str | Promise) -> HttpResponse:
    """Lead to ``address`` and say there what was done."""
    messages.success(request, str(said))
    return lead_to(request, address)
