"""Writing letters, and sending them.

A letter is marked as being sent, and that is committed, before the server hears of it; what the server says is written down
after. Killed in between, a letter is never sent again: nobody gets it twice, and at most the letters that were on the wire at
that moment (one for each job at work) stay "unknown", which is said wherever they are shown.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.kernel.errors import Refused
from liuliang.mail.models import Letter
from liuliang.mail.smtp import Answer, Server, exchange, server

TESTED = audit.action("mail.tested", gettext_lazy("发送测试邮件"))

ATTEMPTS = 9
"""How often a letter is tried, over some eight hours."""

LOST = timedelta(minutes=15)
"""After which a letter that is still being sent was left behind by a worker that died."""

KEPT = timedelta(days=180)

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def is_set() -> bool:
    """Tell whether mail can be sent at all."""
    return not server().problem


@transaction.atomic
def write_letter(
    key: str, staff: Staff, *, subject: str, text: str, at: datetime, attachment: bytes | None = None, name: str = ""
) -> Letter | None:
    """Write a letter and have it sent when the transaction is through; None where there is one with this key already.

    Args:
        key: what it is for.
        staff: who it is to.
        subject: at most 200 characters of it are kept.
        text: plain text.
        at: when.
        attachment: a workbook.
        name: of its file.
    """
    from liuliang.mail.jobs import send_letter

    letter, is_new = Letter.objects.get_or_create(
        key=key,
        defaults={
            "staff": staff,
            "subject": " ".join(subject.split())[:200],
            "text": text,
            "attachment": attachment,
            "attachment_name": name,
            "written_at": at,
        },
    )
    if not is_new:
        return None
    send_letter.defer(letter=letter.pk)
    return letter


def send(letter_id: int, *, at: datetime) -> str:
    """Send a letter that waits; return its state afterwards."""
    taken = _take(letter_id, at)
    if taken is None:
        return Letter.objects.filter(pk=letter_id).values_list("state", flat=True).first() or "gone"
    to = server()
    answer = Answer("later", to.problem) if to.problem else exchange(to, compose(taken, to, at=at), taken.staff.email)
    return _settle(taken, answer, at)


def compose(letter: Letter, to: Server, *, at: datetime) -> EmailMessage:
    """Return a letter as it goes out."""
    message = EmailMessage()
    message["Subject"] = letter.subject
    message["From"] = formataddr((_brand(letter.staff), to.sender))
    message["To"] = letter.staff.email
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(idstring=f"letter-{letter.pk}", domain=to.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.attachment is not None:
        message.add_attachment(
            bytes(letter.attachment), maintype=XLSX[0], subtype=XLSX[1], filename=letter.attachment_name
        )
    return message


def send_test(staff: Staff, *, at: datetime) -> None:
    """Send somebody a letter at once, to see whether it arrives.

    Raises:
        Refused: ``mail.not_set`` or another problem of the settings, ``mail.refused`` with what the server said.
    """
    to = server()
    if to.problem:
        raise Refused(f"mail.{to.problem}")
    letter = Letter(
        staff=staff,
        subject=_("测试邮件"),
        text=_("收到这封信，说明邮件已经设好：预警响了、订阅的复盘到了，都会发到这里。"),
        written_at=at,
    )
    answer = exchange(to, compose(letter, to, at=at), staff.email)
    if answer.outcome != "sent":
        raise Refused("mail.refused", said=answer.said)
    with transaction.atomic():
        audit.record(TESTED, staff, name=staff.name)


def give_up_lost(*, at: datetime) -> int:
    """Say of letters whose worker died while sending them that nobody knows; return how many."""
    lost = Letter.objects.filter(state="sending", tried_at__lt=at - LOST)
    return lost.update(state="unknown", attachment=None)


def drop_old(*, at: datetime) -> None:
    """Delete letters of long ago."""
    Letter.objects.filter(written_at__lt=at - KEPT).delete()


@transaction.atomic
def _take(letter_id: int, at: datetime) -> Letter | None:
    letter = Letter.objects.select_for_update(of=("self",)).select_related("staff").filter(pk=letter_id).first()
    if letter is None or letter.state != "waiting":
        return None
    if not letter.staff.is_active:
        letter.state, letter.attachment = "dropped", None
        letter.save(update_fields=["state", "attachment"])
        return None
    letter.state, letter.tried_at, letter.attempts = "sending", at, letter.attempts + 1
    letter.save(update_fields=["state", "tried_at", "attempts"])
    return letter


def _settle(letter: Letter, answer: Answer, at: datetime) -> str:
    state: str = answer.outcome
    if answer.outcome == "later":
        state = "waiting" if letter.attempts < ATTEMPTS else "failed"
    elif answer.outcome == "refused":
        state = "failed"
    changes: dict[str, object] = {"state": state, "error": "" if state == "sent" else answer.said[:300]}
    if state == "sent":
        changes["sent_at"] = at
    if state != "waiting":
        changes["attachment"] = None
    # Only what this attempt took: one that was given up meanwhile stays given up.
    Letter.objects.filter(pk=letter.pk, state="sending", attempts=letter.attempts).update(**changes)
    return state


def _brand(staff: Staff) -> str:
    with translation.override(staff.language or None):
        return pgettext("brand", "留量")
