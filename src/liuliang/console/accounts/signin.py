"""Sign-in, the second step, sign-out, the first owner's page, and the page behind an invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from liuliang.accounts import audit, second_factor, signin
from liuliang.accounts.addresses import client_address
from liuliang.accounts.models import Staff
from liuliang.accounts.services import links, owners
from liuliang.console import errors
from liuliang.console.accounts.forms import CodeForm, JoinForm, SetUpForm, SignInForm
from liuliang.console.doors import StaffRequest, page, public
from liuliang.kernel.errors import Refused

if TYPE_CHECKING:
    from django.forms import Form

HOME = "/"
INVALID = 422
"""The status of a form that comes back with its errors."""


@public(methods=("GET", "POST"))
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password."""
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward)
    form = SignInForm(request.POST or None)
    if form.is_valid():
        try:
            staff = signin.check_password(
                form.cleaned_data["email"],
                form.cleaned_data["password"],
                client_address(request),
                device=request.COOKIES.get(signin.DEVICE_COOKIE, ""),
            )
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return _let_in(request, staff, onward)
    return _form_page(request, "sign_in", form, onward=onward, needs_owner=owners.needs_owner())


@public(methods=("GET", "POST"))
@never_cache
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the phone, or a recovery code."""
    staff = signin.pending(request)
    if staff is None:
        return redirect("console:sign-in")
    onward = _onward(request)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            second_factor.check_code(staff, form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", errors.sentence(refusal))
        else:
            signin.complete(request, staff)
            return _welcome_back(redirect(onward), staff)
    return _form_page(request, "second_step", form, onward=onward)


@page(permission="", methods=("POST",))
def sign_out(request: StaffRequest) -> HttpResponse:
    """End this session."""
    signin.sign_out(request, request.user)
    return redirect("console:sign-in")


@public(methods=("GET", "POST"))
@never_cache
@sensitive_post_parameters("password")
def set_up(request: HttpRequest, setup_token: str) -> HttpResponse:
    """Make the first owner, for the holder of the link that `liuliang up` printed."""
    owners.check_setup_token(setup_token)
    form = SetUpForm(request.POST or None)
    if form.is_valid():
        try:
            with audit.acting(None, client_address(request)):
                staff = owners.create_first_owner(
                    setup_token,
                    email=form.cleaned_data["email"],
                    name=form.cleaned_data["name"],
                    password=form.cleaned_data["password"],
                )
        except Refused as refusal:
            _explain(form, refusal)
        else:
            return _let_in(request, staff, HOME)
    return _form_page(request, "set_up", form)


@public(methods=("GET", "POST"))
@never_cache
@sensitive_post_parameters("password")
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Let the holder of an invitation, or of a link for a forgotten password, choose a password."""
    holder = links.holder_of(token)
    form = JoinForm(request.POST or None, initial={"name": holder.name, "email": holder.email})
    if form.is_valid():
        try:
            with audit.acting(None, client_address(request)):
                staff = links.accept_link(token, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
        except Refused as refusal:
            _explain(form, refusal)
        else:
            messages.success(request, _("密码已设好，欢迎你，{name}。").format(name=staff.name))
            return _let_in(request, staff, HOME)
    return _form_page(request, "welcome", form, holder=holder, is_new=not holder.has_usable_password())


def _let_in(request: HttpRequest, staff: Staff, onward: str) -> HttpResponse:
    if signin.begin(request, staff):
        return _welcome_back(redirect(onward), staff)
    request.session["signin.onward"] = onward
    return redirect("console:second-step")


def _welcome_back(response: HttpResponse, staff: Staff) -> HttpResponse:
    """Let the browser remember the language, and that this person was here."""
    response.set_cookie(
        signin.DEVICE_COOKIE,
        signin.device_cookie(staff),
        max_age=signin.DEVICE_KNOWN_FOR,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    remember_language(response, staff)
    return response


def remember_language(response: HttpResponse, staff: Staff) -> None:
    """Show this browser the pages in the person's language from now on."""
    if staff.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            staff.language,
            max_age=365 * 24 * 3600,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )


def _onward(request: HttpRequest) -> str:
    """Return where the person wanted to go: a page of this installation, else the first one."""
    wanted = request.POST.get("next") or request.GET.get("next") or request.session.get("signin.onward", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return str(wanted)
    return HOME


def _explain(form: Form, refusal: Refused) -> None:
    form.add_error("password" if refusal.code.startswith("password.") else None, errors.sentence(refusal))


def _form_page(request: HttpRequest, name: str, form: Form, **more: object) -> HttpResponse:
    status = INVALID if form.errors else 200
    return render(request, f"console/accounts/{name}.html", {"form": form, **more}, status=status)
