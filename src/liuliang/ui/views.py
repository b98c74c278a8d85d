"""The few pages that belong to the frame itself."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST, require_safe

from liuliang.ui.assets import asset_url, find_asset

_YEAR = 365 * 24 * 3600


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language on this browser and go back to where the person was."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    chosen = request.POST.get("language", "")
    if check_for_language(chosen) and chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=_YEAR, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Send the browser to the product's mark."""
    return HttpResponseRedirect(asset_url("mark.svg"))


@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponse:
    """Give out a built asset, to be kept by the browser for good: another content has another name."""
    found = find_asset(name, request.headers.get("Accept-Encoding", ""))
    if found is None:
        raise Http404
    response = HttpResponse(found.path.read_bytes(), content_type=found.type)
    response["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    response["Vary"] = "Accept-Encoding"
    if found.coding:
        response["Content-Encoding"] = found.coding
    return response
