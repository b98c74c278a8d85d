"""复盘: the page of a review, its file, and having it sent by mail."""

from __future__ import annotations

from io import BytesIO

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.analytics.models import ReviewSubscription
from liuliang.analytics.reviews import REVIEW, Unit
from liuliang.analytics.subscriptions import subscribe, unsubscribe
from liuliang.console.analysis.ground import Ground
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import lead_to
from liuliang.console.reviews.file import write_review
from liuliang.console.reviews.pdf import write_review_pdf
from liuliang.console.reviews.telling import file_name, tell_review
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.mail import services as mail


@page(permission=ANALYTICS_VIEW)
def reviews(request: StaffRequest) -> HttpResponseBase:
    """Show the review of a period."""
    told = tell_review(request.access, request.GET, path=request.path)
    if told is None:
        return render(request, "console/analysis/empty.html", {"title": REVIEW.title})
    if request.GET.get("export") == "xlsx":
        return FileResponse(write_review(told), as_attachment=True, filename=file_name(told, "xlsx"))
    if request.GET.get("export") == "pdf":
        return FileResponse(BytesIO(write_review_pdf(told)), as_attachment=True, filename=file_name(told, "pdf"))
    mine = ReviewSubscription.objects.filter(staff=request.user).select_related("community").order_by("id")
    context = {
        **told,
        "subscriptions": mine,
        "place": _place(told["ground"]),
        "may_subscribe": _may_subscribe(request, told["ground"]),
        "mail_is_set": mail.is_set(),
        "may_set_mail": request.access.may(ANALYTICS_EDIT),
    }
    return render(request, "console/reviews/page.html", context)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def begin(request: StaffRequest) -> HttpResponse:
    """Have the review of a community, or of all, sent to oneself every week or month."""
    unit: Unit = "month" if request.POST.get("unit") == "month" else "week"
    public_id = request.POST.get("community", "")
    community = request.access.communities(ANALYTICS_VIEW).filter(public_id=public_id).first()
    if community is None and (public_id or not request.access.may_everywhere(ANALYTICS_VIEW)):
        raise Refused("review.place")
    subscribe(request.user, community, unit, at=clock.now())
    email = request.user.email
    if mail.is_set():
        messages.success(request, _("已订阅：下一期过完就寄到 {email}。").format(email=email))
    else:
        waiting = _("已订阅，但还没有设邮件服务器：设好以后，下一期过完才会寄到 {email}。")
        messages.info(request, waiting.format(email=email))
    return _back(request)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def end(request: StaffRequest) -> HttpResponse:
    """Have a review sent no more."""
    mine = ReviewSubscription.objects.filter(staff=request.user)
    found = mine.filter(public_id=request.POST.get("subscription", "").replace("\0", "")).first()
    if found is None:
        raise Refused("review.not_subscribed")
    unsubscribe(found)
    messages.success(request, _("已退订。"))
    return _back(request)


def _place(ground: Ground) -> str:
    """Return the address's name of the one community that is chosen; nothing for all."""
    return ground.chosen[0].public_id if ground.chosen else ""


def _may_subscribe(request: StaffRequest, ground: Ground) -> bool:
    """Tell whether what is on the page can be subscribed to: one community, or all for whom all is shown."""
    if len(ground.chosen) > 1 or ground.charged or any(is_chosen for _id, _name, is_chosen in ground.segments):
        return False
    return bool(ground.chosen) or request.access.may_everywhere(ANALYTICS_VIEW)


def _back(request: StaffRequest) -> HttpResponse:
    return lead_to(request, reverse("console:reviews"))
