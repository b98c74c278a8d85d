"""What is shown when a page cannot be."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that the request made no sense."""
    return TemplateResponse(request, "ui/errors/400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that the person was not given this."""
    return TemplateResponse(request, "ui/errors/403.html", status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that there is no such page, or none that the person may see."""
    return TemplateResponse(request, "ui/errors/404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Show that it was our fault."""
    return TemplateResponse(request, "ui/errors/500.html", status=500)
