"""The one mechanism that decides who may open a console page.

Every view of the console has a door, and a view without one cannot be opened: the middleware refuses it. A door says which
permission the page needs; whatever the address names is looked up within the person's own scope and comes as an object::

    # console/members/urls.py
    urlpatterns = [path("<str:member>/", views.member, name="member"), path("<str:member>/rename/", views.rename, name="rename")]

    # console/members/views.py
    @page(permission=MEMBERS_VIEW)
    def member(request: StaffRequest, member: Member) -> HttpResponse: ...

    @page(permission=MEMBERS_EDIT, methods=("POST",))
    def rename(request: StaffRequest, member: Member) -> HttpResponse:
        services.rename(member, name=request.POST["name"])

What the person meets, always in this order: not signed in, the sign-in page; the permission nowhere, 403; the object not
within the scope of the permission, or not there at all, 404. Lists are the view's own business and start from
``request.access.members(MEMBERS_VIEW)`` or ``.communities(…)``, never from ``Member.objects``.

Addresses with another kind of object teach the door to find it, in the area's ``urls.py`` or ``views.py``::

    @finds("batch")
    def find_batch(access: Access, permission: str, value: str) -> ImportBatch | None:
        return ImportBatch.objects.filter(public_id=value, community__in=access.communities(permission)).first()

The parameter's name is the key: ``community``, ``member`` and ``colleague`` are known here. `Refused` may leave a view: the
middleware shows its sentence (`liuliang.console.errors`). ``tests/console/test_doors.py`` walks every address there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from liuliang.accounts import audit
from liuliang.accounts.addresses import client_address
from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import PERMISSIONS
from liuliang.accounts.sessions import SessionStore
from liuliang.console import errors
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community, Member

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails


class StaffRequest(HttpRequest):
    """The request of someone who is signed in, as views behind a door get it. It exists for its types alone."""

    user: Staff
    access: Access
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Door:
    """Who may open a view. ``permission`` empty lets in everyone who is signed in; ``is_public`` everyone."""

    permission: str = ""
    methods: tuple[str, ...] = ("GET",)
    is_public: bool = False


View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Finder = Callable[[Access, str, str], Any]

_finders: dict[str, Finder] = {}


def finds(parameter: str) -> Callable[[Finder], Finder]:
    """Declare how doors look up what the address parameter ``parameter`` names.

    The function gets the person's access, the door's permission (empty when it asks for none) and the text from the
    address, and returns the object, or None when there is none in scope.
    """

    def declare(finder: Finder) -> Finder:
        if parameter in _finders:
            raise ValueError(f"the parameter {parameter!r} has a finder already")
        _finders[parameter] = finder
        return finder

    return declare


def page(*, permission: str, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Give a view its door: staff with ``permission``, or, when it is empty, everyone who is signed in.

    Args:
        permission: a key of `liuliang.accounts.permissions`.
        methods: the HTTP methods the view answers; GET brings HEAD. A page and the change it offers are best two views,
            each with its own permission.
    """
    if permission and permission not in PERMISSIONS:
        raise ValueError(f"{permission!r} is not in liuliang.accounts.permissions")
    return _door(Door(permission, tuple(methods)), _guarded)


def public(*, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Give a view a door that is open to everyone: sign-in, an invitation, an asset."""
    return _door(Door(methods=tuple(methods), is_public=True), _open)


def door_of(view: Callable[..., Any]) -> Door | None:
    """Return a view's door, or None when it has none and therefore cannot be opened."""
    return getattr(view, "door", None)


def access_of(request: HttpRequest) -> Access | None:
    """Return what the person may do, computed once a request; None for a stranger."""
    if not isinstance(request.user, Staff):
        return None
    kept: Access | None = getattr(request, "access", None)
    if kept is None:
        kept = Access(request.user)
        request.access = kept  # type: ignore[attr-defined]
    return kept


def may(request: HttpRequest, permission: str) -> bool:
    """Tell whether the person may do this anywhere at all: what the sidebar asks."""
    access = access_of(request)
    return access is not None and access.may(permission)


def _door(
    door: Door, handle: Callable[[Door, Callable[..., HttpResponseBase], HttpRequest, dict[str, Any]], HttpResponseBase]
) -> Callable[[View], View]:
    methods = {*door.methods, "HEAD"} if "GET" in door.methods else set(door.methods)

    def decorate(view: View) -> View:
        @wraps(view)
        def behind_the_door(request: HttpRequest, **parameters: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(sorted(methods))
            if any("\0" in str(value) for value in parameters.values()):
                raise Http404
            return handle(door, view, request, parameters)

        behind_the_door.door = door  # type: ignore[attr-defined]
        return behind_the_door  # type: ignore[return-value]

    return decorate


def _open(
    _door: Door, view: Callable[..., HttpResponseBase], request: HttpRequest, parameters: dict[str, Any]
) -> HttpResponseBase:
    return view(request, **parameters)


def _guarded(
    door: Door, view: Callable[..., HttpResponseBase], request: HttpRequest, parameters: dict[str, Any]
) -> HttpResponseBase:
    access = access_of(request)
    if access is None:
        return _to_sign_in(request)
    if door.permission and not access.may(door.permission):
        raise PermissionDenied
    _take_nuls_out(request)
    for name, value in parameters.items():
        finder = _finders.get(name)
        if finder is None:
            continue
        found = finder(access, door.permission, value)
        if found is None:
            raise Http404
        parameters[name] = found
    if isinstance(request.session, SessionStore):
        request.session.touch()
    with audit.acting(access.staff, client_address(request)):
        return view(request, **parameters)


def _take_nuls_out(request: HttpRequest) -> None:
    """Take NULs out of what the address and the form say: nobody typed one, and PostgreSQL refuses even to be asked for it."""
    if "%00" in (asked := request.GET.urlencode()):
        request.GET = QueryDict(asked.replace("%00", ""))
    if "%00" in (posted := request.POST.urlencode()):
        request.POST = QueryDict(posted.replace("%00", ""))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a stranger to the sign-in page, and from there back to the page that was asked for."""
    sign_in = reverse("console:sign-in")
    if getattr(request, "htmx", None):
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = f"{shown.path}?{shown.query}" if shown.query else shown.path
        return HttpResponseClientRedirect(f"{sign_in}?{urlencode({'next': back})}" if back else sign_in)
    if request.method != "GET" or request.path == reverse("console:home"):
        return redirect(sign_in)
    return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


@finds("community")
def find_community(access: Access, permission: str, value: str) -> Community | None:
    """Return the community with this public id where the permission holds."""
    return access.communities(permission).filter(public_id=value).first()


@finds("member")
def find_member(access: Access, permission: str, value: str) -> Member | None:
    """Return the person with this public id, or that of a record merged into theirs, if the permission reaches them."""
    return access.member(value, permission)


@finds("colleague")
def find_colleague(access: Access, permission: str, value: str) -> Staff | None:
    """Return the staff member with this id who works where the permission holds."""
    return access.colleagues(permission).filter(id=int(value)).first() if value.isdecimal() else None


class ConsoleDoorMiddleware:
    """Refuse views without a door, and say in words what a view refused."""

    # Doors for machines guard themselves (health, metrics, the API); what `ui` shows is everyone's, such as the language.
    elsewhere = ("liuliang.api.", "liuliang.ui.")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: object, _parameters: object
    ) -> HttpResponse | None:
        """Let the request go on when the view has a door."""
        del request
        if door_of(view) is None and not view.__module__.startswith(self.elsewhere):
            raise PermissionDenied(f"{view.__module__}.{getattr(view, '__qualname__', view)} has no door")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Show the sentence of a refusal; anything else is Django's to handle."""
        return errors.refused(request, exception) if isinstance(exception, Refused) else None
