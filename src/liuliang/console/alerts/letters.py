"""What is written to whoever is told of a firing: figures and what to do, and nobody's name but their own colleagues'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.accounts.models import Staff
from liuliang.alerting.models import Firing
from liuliang.alerting.queries import untold, who_may_see
from liuliang.console.alerts.words import alert_words, firing_words, place_words
from liuliang.mail import services as mail
from liuliang.ui import formats

LISTED = 30
"""Firings told one by one in a letter."""


def tell(*, at: datetime) -> int:
    """Write the letters of firings of which nobody was told yet; return how many firings there were.

    What an alert fired since the last time stands in one letter to each of its people. The letters and the mark that they were
    written are one transaction, and a letter's key is that of its first firing and its reader.
    """
    return sum(_tell_of(alert, at) for alert in untold())


def letter_key(told_with: int, staff: int) -> str:
    """Return what a letter to somebody is known by, of which ``told_with`` is the first firing."""
    return f"alert:{told_with}:{staff}"


@transaction.atomic
def _tell_of(alert_id: int, at: datetime) -> int:
    firings = list(
        Firing.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("alert__community", "community")
        .filter(alert=alert_id, told_at=None, is_muted=False)
        .order_by("id")
    )
    if not firings:
        return 0
    alert = firings[0].alert
    if mail.is_set():
        seeing = {each.pk for each in who_may_see(alert.metric, alert.community)}
        for staff in alert.owners.filter(pk__in=seeing, is_active=True):
            with translation.override(staff.language or settings.LANGUAGE_CODE):
                subject, text = letter(firings, staff)
            mail.write_letter(letter_key(firings[0].pk, staff.pk), staff, subject=subject, text=text, at=at)
    Firing.objects.filter(pk__in=[each.pk for each in firings]).update(told_at=at, told_with=firings[0].pk)
    return len(firings)


def letter(firings: Sequence[Firing], staff: Staff) -> tuple[str, str]:
    """Return the subject and the text of a letter about firings of one alert, in the language in force."""
    first, alert = firings[0], firings[0].alert
    if len(firings) == 1:
        where = f"{place_words(first.community)} {formats.day(first.day)}"
    else:
        where = ngettext("{n} 次", "{n} 次", len(firings)).format(n=len(firings))
    subject = _("【预警】{name}：{where}").format(name=alert.name, where=where)
    lines = [_("{name}，你好：").format(name=staff.name), "", _("“{alert}”响了。").format(alert=alert.name), ""]
    for each in firings[:LISTED]:
        lines += [f"{place_words(each.community)} {formats.day(each.day)}", f"  {firing_words(each)}"]
        if each.is_early:
            lines.append(f"  {_('这一天还没过完。')}")
    if len(firings) > LISTED:
        lines.append(_("还有 {n} 次，在页面上。").format(n=len(firings) - LISTED))
    lines += ["", _("条件：{asks}").format(asks=alert_words(alert))]
    if alert.steps:
        lines += ["", _("怎么办："), alert.steps]
    if alert.duties:
        lines += ["", _("谁负责："), alert.duties]
    url = f"{settings.PUBLIC_URL}{reverse('console:alert', args=[alert.public_id])}"
    lines += ["", _("打开看那天的数、背后是谁，并接手：{url}").format(url=url), ""]
    return subject, "\n".join(lines)
