"""Codes that become coupons: made in batches, hard to guess, and nobody learns anything from guessing."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.coupons import give_coupon
from liuliang.commerce.models import CodeAttempt, CodeBatch, Coupon, CouponCode, CouponTemplate
from liuliang.kernel.errors import Refused
from liuliang.people.names import clean_name

CODES_MADE = audit.action("coupon.codes_made", _("生成券码"))
CODES_EXPORTED = audit.action("coupon.codes_exported", _("导出券码"))
CODE_CLAIMED = audit.action("coupon.code_claimed", _("用券码领券"))

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without those that look alike."""

LENGTH = 12
"""32^12 codes: a million of them are hit once in 10^12 guesses."""

MOST_AT_ONCE = 20_000
TRIES = 5
WINDOW = timedelta(minutes=10)
"""So many wrong codes in so long, and whoever asks must wait."""

TRIES_OF_SYSTEMS = 100
"""The same for a system that asks for many members: one of them who mistypes must not stop all others."""

_CHUNK = 2_000


@transaction.atomic
def make_codes(template: CouponTemplate, count: int, *, title: str, at: datetime) -> CodeBatch:
    """Make ``count`` codes for a template. They do not reserve anything: the first to come are served.

    Raises:
        Refused: ``code.count``.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise Refused("code.count", most=MOST_AT_ONCE)
    staff = audit.actor().staff
    batch = CodeBatch.objects.create(
        template=template, title=clean_name(title)[:80] or template.name, count=count, created_at=at, staff=staff
    )
    for begin in range(0, count, _CHUNK):
        CouponCode.objects.bulk_create(
            [CouponCode(batch=batch, code=_new_code()) for _number in range(min(_CHUNK, count - begin))]
        )
    audit.record(
        CODES_MADE, template, name=template.name, community=template.community_id, changes={"count": (None, count)}
    )
    return batch


def unclaimed(template: CouponTemplate) -> int:
    """Count the codes of a template that nobody has turned into a coupon."""
    return CouponCode.objects.filter(batch__template=template, coupon=None).count()


@transaction.atomic
def note_export(batch: CodeBatch) -> None:
    """Put on record that somebody takes a batch's codes away."""
    template = batch.template
    audit.record(
        CODES_EXPORTED, template, name=template.name, community=template.community_id,
        changes={"batch": (None, batch.title), "count": (None, batch.count)},
    )  # fmt: skip


def claim_code(text: str, member: int, *, asker: str, at: datetime) -> Coupon:
    """Turn a code into a member's coupon, outside of any transaction, and count it where it was wrong.

    Arguments and refusals as of `try_code`.
    """
    try:
        return try_code(text, member, asker=asker, at=at)
    except Refused as refusal:
        count_wrong(refusal, member, asker=asker, at=at)
        raise


def try_code(text: str, member: int, *, asker: str, at: datetime, tries: int = TRIES) -> Coupon:
    """Turn a code into a member's coupon. The same member's claim again is the same coupon.

    Whatever is wrong with a code, the answer is the same. Inside somebody's transaction the refusal takes everything back, so
    whoever opened it counts the wrong code afterwards, with `count_wrong`.

    Args:
        text: the code as it was typed.
        member: any record of the person.
        asker: names who asks, such as ``staff:7`` or ``key:3``.
        at: now.
        tries: how many wrong ones in a `WINDOW` are borne with from the asker; from the member it is always `TRIES`.

    Raises:
        Refused: ``code.wait`` after too many wrong ones, ``code.unusable``.
    """
    for name, most in zip(_askers(member, asker), (TRIES, tries), strict=True):
        if CodeAttempt.objects.filter(asker=name, at__gt=at - WINDOW)[:most].count() >= most:
            seconds = int(WINDOW.total_seconds())
            raise Refused("code.wait", minutes=seconds // 60, seconds=seconds)
    try:
        return _claim(_normal(text), member, at)
    except Refused:
        raise Refused("code.unusable") from None


def count_wrong(refusal: Refused, member: int, *, asker: str, at: datetime) -> None:
    """Count a code that was refused for being wrong against the member and against who asked; other refusals do not count."""
    if refusal.code == "code.unusable":
        CodeAttempt.objects.bulk_create([CodeAttempt(asker=name, at=at) for name in _askers(member, asker)])


def _askers(member: int, asker: str) -> tuple[str, str]:
    return f"member:{member}", asker[:60]


@transaction.atomic
def _claim(code: str, member: int, at: datetime) -> Coupon:
    # The coupon is read once the code is locked: joined to it, it would be as it was before waiting for the lock, and of many
    # who claim one code at once everybody would find it free.
    row = CouponCode.objects.select_for_update(of=("self",)).select_related("batch__template").filter(code=code).first()
    if row is None:
        raise Refused("code.unusable")
    template = row.batch.template
    cause = f"code:{row.pk}:{member}"
    if row.coupon is not None:
        if row.coupon.cause != f"{template.pk}:{cause}":
            raise Refused("code.unusable")
        return row.coupon
    row.coupon = give_coupon(template, member, how="code", cause=cause, at=at)
    row.save(update_fields=["coupon"])
    audit.record(CODE_CLAIMED, template, name=template.name, community=template.community_id)
    return row.coupon


def forget_attempts(*, at: datetime) -> int:
    """Drop wrong codes that count no more; return how many."""
    return CodeAttempt.objects.filter(at__lte=at - WINDOW).delete()[0]


def shown_code(code: str) -> str:
    """Write a code in groups of four, as it is printed."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def _normal(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())[:20]


def _new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _letter in range(LENGTH))
