"""The second factor: time-based codes (RFC 6238) from an app on the phone, and recovery codes on paper.

Codes are checked by django-otp under a row lock: a code counts once, and wrong ones make the next try wait longer and longer.
"""

from __future__ import annotations

import base64
import secrets
from typing import Final

import django_otp
import segno
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.kernel.errors import Refused

RECOVERY_CODES: Final = 10
RECOVERY_LENGTH: Final = 12
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"

ENABLED = audit.action("second_factor.enabled", _("开启两步验证"))
DISABLED = audit.action("second_factor.disabled", _("关闭两步验证"))
RECOVERY_RENEWED = audit.action("second_factor.recovery_renewed", _("重新生成恢复码"))
RECOVERY_USED = audit.action("second_factor.recovery_used", _("用恢复码登录"))


def device_of(staff: Staff) -> TOTPDevice | None:
    """Return the phone that gives this person's codes, or None when the second factor is off."""
    found: TOTPDevice | None = TOTPDevice.objects.filter(user=staff, confirmed=True).first()
    return found


@transaction.atomic
def prepare(staff: Staff) -> TOTPDevice:
    """Return the phone that is being set up, with a secret of its own; nothing counts until `enable`."""
    # One at a time: two pages that are opened at once would each show a secret, and only one of them would be asked for.
    Staff.objects.select_for_update().get(pk=staff.pk)
    if device_of(staff):
        raise Refused("second_factor.is_on")
    made: tuple[TOTPDevice, bool]
    made = TOTPDevice.objects.get_or_create(user=staff, confirmed=False, defaults={"name": "phone"})
    return made[0]


def qr_svg(device: TOTPDevice) -> str:
    """Return the picture to scan as a data URI: the page's policy allows those for images, and no inline style."""
    return segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2, dark="#000", light="#fff")


def secret_of(device: TOTPDevice) -> str:
    """Return the secret to type by hand, in groups of four."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@transaction.atomic
def enable(staff: Staff, code: str) -> list[str]:
    """Switch the second factor on with a first code from the phone, and return fresh recovery codes, shown once.

    Raises:
        Refused: ``second_factor.wrong_code``.
    """
    device = TOTPDevice.objects.select_for_update().filter(user=staff, confirmed=False).first()
    if device is None:
        raise Refused("second_factor.is_on")
    if not device.verify_token("".join(code.split())):
        raise Refused("second_factor.wrong_code")
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    audit.record(ENABLED, staff)
    return _fresh_codes(staff)


@transaction.atomic
def disable(staff: Staff) -> None:
    """Switch the second factor off and forget the phone and the recovery codes."""
    if device_of(staff) is None:
        raise Refused("second_factor.is_off")
    TOTPDevice.objects.filter(user=staff).delete()
    StaticDevice.objects.filter(user=staff).delete()
    audit.record(DISABLED, staff)


@transaction.atomic
def renew_recovery_codes(staff: Staff) -> list[str]:
    """Replace the recovery codes, and return the new ones, shown once."""
    if device_of(staff) is None:
        raise Refused("second_factor.is_off")
    audit.record(RECOVERY_RENEWED, staff)
    return _fresh_codes(staff)


def recovery_codes_left(staff: Staff) -> int:
    """Return how many recovery codes have not been used."""
    return StaticToken.objects.filter(device__user=staff).count()


def check_code(staff: Staff, code: str) -> None:
    """Accept a code of the phone or a recovery code, each once.

    Raises:
        Refused: ``second_factor.wrong_code``. It is also what waiting is called, so that guessing learns nothing.
    """
    compact = "".join(code.split()).replace("-", "").lower()
    if len(compact) == RECOVERY_LENGTH:
        spare = StaticDevice.objects.filter(user=staff).first()
        if spare is not None and _is_right(staff, spare.persistent_id, _kept(compact)):
            with transaction.atomic(), audit.acting(staff):
                audit.record(RECOVERY_USED, staff)
            return
    else:
        device = device_of(staff)
        if device is not None and _is_right(staff, device.persistent_id, compact):
            return
    raise Refused("second_factor.wrong_code")


def _fresh_codes(staff: Staff) -> list[str]:
    StaticDevice.objects.filter(user=staff).delete()
    device = StaticDevice.objects.create(user=staff, name="recovery")
    codes = ["".join(secrets.choice(_LETTERS) for _letter in range(RECOVERY_LENGTH)) for _code in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=_kept(code)) for code in codes])
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


def _kept(code: str) -> str:
    """Return what the table holds of a recovery code: a keyed hash, cut to its column of 16 characters (80 bits)."""
    return base64.b32encode(salted_hmac("liuliang.recovery", code, algorithm="sha256").digest()[:10]).decode()


def _is_right(staff: Staff, device: str, token: str) -> bool:
    # The package has no types; its answer is the device, or None.
    return django_otp.verify_token(staff, device, token) is not None  # type: ignore[no-untyped-call]
