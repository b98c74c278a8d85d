"""Reviews by mail: what changed in a few lines, and the workbook with it. No member is named in what leaves the console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics.models import ReviewSubscription
from liuliang.analytics.periods import ONE_DAY
from liuliang.analytics.reviews import Unit, latest_period
from liuliang.analytics.subscriptions import zone_of
from liuliang.console.reviews.file import write_review
from liuliang.console.reviews.telling import UNITS, file_name, tell_review
from liuliang.kernel.clock import local_day
from liuliang.mail import services as mail
from liuliang.people.access import Access


def send_due(*, at: datetime) -> int:
    """Write the letters of every period that is over and was not sent yet; return how many.

    Only the latest period is sent, and each once: the letter and the mark that it was written are one transaction.
    """
    if not mail.is_set():
        return 0
    written = 0
    rows = ReviewSubscription.objects.filter(staff__is_active=True).select_related("staff", "community").order_by("id")
    for subscription in rows:
        with translation.override(subscription.staff.language or settings.LANGUAGE_CODE):
            written += _send(subscription, at)
    return written


def _send(subscription: ReviewSubscription, at: datetime) -> bool:
    access = Access(subscription.staff)
    if not _may_see(access, subscription):
        return False
    if not _is_due(subscription, at):
        return False
    query = {"unit": subscription.unit}
    if subscription.community is not None:
        query["community"] = subscription.community.public_id
    told = tell_review(access, QueryDict(urlencode(query)), names_people=False)
    if told is None or not told["is_over"] or told["period"].first <= subscription.sent_first:
        return False
    first = told["period"].first
    query["start"] = first.isoformat()
    subject, text = letter(told, f"{settings.PUBLIC_URL}{reverse('console:reviews')}?{urlencode(query)}")
    with write_review(told) as file:
        workbook = file.read()
    with transaction.atomic():
        rows = ReviewSubscription.objects.filter(pk=subscription.pk, sent_first__lt=first)
        if not rows.update(sent_first=first):
            return False
        key = f"review:{subscription.pk}:{first.isoformat()}"
        mail.write_letter(
            key,
            subscription.staff,
            subject=subject,
            text=text,
            at=at,
            attachment=workbook,
            name=file_name(told, "xlsx"),
        )
    return True


def _is_due(subscription: ReviewSubscription, at: datetime) -> bool:
    """Tell by the calendar alone whether a period may have ended since the last that was sent."""
    zone = zone_of(subscription.community)
    unit: Unit = "month" if subscription.unit == "month" else "week"
    return latest_period(unit, local_day(at, zone) - ONE_DAY).first > subscription.sent_first


def letter(told: Mapping[str, Any], url: str) -> tuple[str, str]:
    """Return the subject and the text of a letter, in the language in force."""
    period, title = told["period"], told["title"]
    span = f"{period.first} ~ {period.last}"
    subject = _("【{unit}】{title} {span}").format(unit=UNITS[told["unit"]], title=title, span=span)
    lines = [_("{title}，{span}").format(title=title, span=span), ""]
    if told["why_not"]:
        lines.append(told["why_not"])
    elif told["changed"]:
        lines.append(_("超出平常的变化："))
        for line in told["changed"]:
            change = f" ({line.change.text}, {line.change.interval})" if line.change else ""
            lines.append(f"- {line.title} {line.before} → {line.now} {line.unit}".rstrip() + change)
    else:
        lines.append(_("没有一项超出平常的波动。"))
    if told["todos"]:
        lines += [
            "",
            _("接下来做什么（按 {day} 的情况）：").format(day=told["todos_day"]),
            *(f"- {each.place} {each.text}" for each in told["todos"]),
        ]
    lines += ["", _("全部数字在附件里；打开看背后是谁：{url}").format(url=url), _("不想再收，可以在那一页退订。"), ""]
    return subject, "\n".join(lines)


def _may_see(access: Access, subscription: ReviewSubscription) -> bool:
    if subscription.community is None:
        return access.may_everywhere(ANALYTICS_VIEW)
    return subscription.community.archived_at is None and access.may(ANALYTICS_VIEW, subscription.community)
