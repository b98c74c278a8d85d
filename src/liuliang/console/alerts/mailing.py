"""How alerts reach people outside the console: the state of the mail settings, how to set them, and a letter to try."""

from __future__ import annotations

from django.conf import settings as project
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.mail import services as mail
from liuliang.mail.smtp import server

VARIABLES = (
    ("LIULIANG_SMTP_HOST", "smtp.example.com"),
    ("LIULIANG_SMTP_SECURITY", "starttls"),
    ("LIULIANG_SMTP_PORT", "587"),
    ("LIULIANG_SMTP_USER", "liuliang@example.com"),
    ("LIULIANG_SMTP_PASSWORD_FILE", "/etc/liuliang/smtp-password"),
    ("LIULIANG_MAIL_FROM", "liuliang@example.com"),
    ("LIULIANG_URL", "https://liuliang.example.com"),
)


@page(permission=ANALYTICS_EDIT)
def settings(request: StaffRequest) -> HttpResponse:
    """Show whether letters can be sent, and how to make it so."""
    to = server()
    problem = errors.sentence(Refused(f"mail.{to.problem}")) if to.problem else ""
    context = {"server": to, "problem": problem, "variables": VARIABLES, "address": project.PUBLIC_URL}
    return render(request, "console/alerts/mail.html", context)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def test(request: StaffRequest) -> HttpResponse:
    """Send the person a letter now."""
    mail.send_test(request.user, at=clock.now())
    return back(
        request,
        reverse("console:alert-mail"),
        _("测试邮件已交给邮件服务器，寄往 {email}。").format(email=request.user.email),
    )
