"""My account: how I am called, my password, my second factor, where I am signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from liuliang.accounts import second_factor, signin
from liuliang.accounts.agents import describe
from liuliang.accounts.services import account as services
from liuliang.console import errors
from liuliang.console.accounts.forms import CodeForm, ConfirmForm, PasswordForm, ProfileForm
from liuliang.console.accounts.signin import INVALID, remember_language
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One place where the person is signed in."""

    name: str
    device: str
    address: str | None
    seen_at: datetime
    signed_in_at: datetime | None
    is_current: bool


@page(permission="")
@never_cache
def account(request: StaffRequest) -> HttpResponse:
    """Show my account."""
    return _account_page(request)


@page(permission="", methods=("POST",))
def change_profile(request: StaffRequest) -> HttpResponse:
    """Change my name and language."""
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _account_page(request, profile=form)
    services.change_profile(request.user, name=form.cleaned_data["name"], language=form.cleaned_data["language"])
    messages.success(request, _("已保存。"))
    response = redirect("console:account")
    remember_language(response, request.user)
    return response


@page(permission="", methods=("POST",))
@sensitive_post_parameters("current", "new")
def change_password(request: StaffRequest) -> HttpResponse:
    """Change my password."""
    form = PasswordForm(request.POST)
    if form.is_valid():
        try:
            services.change_password(
                request.user,
                current=form.cleaned_data["current"],
                new=form.cleaned_data["new"],
                keep=request.session.session_key or "",
            )
        except Refused as refusal:
            form.add_error("new" if refusal.code == "password.weak" else "current", errors.sentence(refusal))
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, _("密码已修改，其他设备上的登录已退出。"))
            return redirect("console:account")
    return _account_page(request, password=form)


@page(permission="", methods=("GET", "POST"))
@never_cache
def enable_second_factor(request: StaffRequest) -> HttpResponse:
    """Set up the phone: scan, type a first code, keep the recovery codes."""
    if second_factor.device_of(request.user):
        return redirect("console:account")
    device = second_factor.prepare(request.user)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            codes = second_factor.enable(request.user, form.cleaned_data["code"])
        except Refused as refusal:
            form.add_error("code", errors.sentence(refusal))
        else:
            # Whoever was signed in with the password alone has to come back with both.
            services.sign_out_elsewhere(request.user, keep=request.session.session_key or "")
            return render(request, "console/accounts/recovery_codes.html", {"codes": codes})
    context = {"form": form, "picture": second_factor.qr_svg(device), "secret": second_factor.secret_of(device)}
    return render(request, "console/accounts/second_factor.html", context, status=INVALID if form.errors else 200)


@page(permission="", methods=("POST",))
@sensitive_post_parameters("password")
def disable_second_factor(request: StaffRequest) -> HttpResponse:
    """Switch the second factor off, after asking for the password."""
    form = ConfirmForm(request.POST)
    if not _confirmed(request, form):
        return _account_page(request, confirm=form)
    second_factor.disable(request.user)
    messages.success(request, _("两步验证已关闭。"))
    return redirect("console:account")


@page(permission="", methods=("POST",))
@never_cache
@sensitive_post_parameters("password")
def renew_recovery_codes(request: StaffRequest) -> HttpResponse:
    """Make new recovery codes, after asking for the password."""
    form = ConfirmForm(request.POST)
    if not _confirmed(request, form):
        return _account_page(request, confirm=form)
    codes = second_factor.renew_recovery_codes(request.user)
    return render(request, "console/accounts/recovery_codes.html", {"codes": codes})


@page(permission="", methods=("POST",))
def end_session(request: StaffRequest) -> HttpResponse:
    """End one of my sessions."""
    services.end_session(request.user, request.POST.get("session", ""))
    messages.success(request, _("那台设备已退出登录。"))
    return redirect("console:account")


@page(permission="", methods=("POST",))
def end_other_sessions(request: StaffRequest) -> HttpResponse:
    """End all my sessions but this one."""
    services.sign_out_elsewhere(request.user, keep=request.session.session_key or "")
    messages.success(request, _("其他设备都已退出登录。"))
    return redirect("console:account")


def _confirmed(request: StaffRequest, form: ConfirmForm) -> bool:
    if not form.is_valid():
        return False
    try:
        signin.confirm_password(request.user, form.cleaned_data["password"])
    except Refused as refusal:
        form.add_error("password", errors.sentence(refusal))
        return False
    return True


def _account_page(
    request: StaffRequest,
    *,
    profile: ProfileForm | None = None,
    password: PasswordForm | None = None,
    confirm: ConfirmForm | None = None,
) -> HttpResponse:
    staff = request.user
    is_on = second_factor.device_of(staff) is not None
    invalid = any(form is not None and form.errors for form in (profile, password, confirm))
    context = {
        "profile": profile or ProfileForm(initial={"name": staff.name, "language": staff.language}),
        "password": password or PasswordForm(),
        "confirm": confirm or ConfirmForm(),
        "has_second_factor": is_on,
        "recovery_codes_left": second_factor.recovery_codes_left(staff) if is_on else 0,
        "sessions": [
            SessionLine(
                name=services.session_name(session),
                device=describe(session.agent),
                address=session.address,
                seen_at=session.seen_at,
                signed_in_at=session.signed_in_at,
                is_current=session.session_key == request.session.session_key,
            )
            for session in services.sessions_of(staff)
        ],
    }
    return render(request, "console/accounts/account.html", context, status=INVALID if invalid else 200)
