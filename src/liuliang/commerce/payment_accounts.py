"""Accounts with who takes money: their configuration, of which the secrets are sealed, and whether buyers can pay by them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from liuliang.accounts import audit
from liuliang.commerce.base import Config, Finding, PaymentAdapter, adapters
from liuliang.commerce.models import PaymentAccount
from liuliang.kernel.errors import Refused
from liuliang.kernel.sealing import seal, unseal

SAVED = audit.action("payment_account.changed", _("修改收款账户"))
SWITCHED = audit.action("payment_account.switched", _("启用或停用收款账户"))

NOTICES = "/api/payments/{adapter}/"
"""The path at which an adapter's notices are taken in."""


def find_adapter(key: str) -> PaymentAdapter:
    """Return an adapter by key.

    Raises:
        Refused: ``payment.adapter``.
    """
    found = adapters().get(key)
    if found is None:
        raise Refused("payment.adapter", adapter=key)
    return found


def notices_at(adapter: str) -> str:
    """Return the address that an adapter's notices are to be sent to."""
    return f"{settings.PUBLIC_URL}{NOTICES.format(adapter=adapter)}"


def config_of(adapter: PaymentAdapter) -> Config:
    """Return the configuration of an adapter's account, secrets included.

    Raises:
        Refused: ``payment.account`` when it has none, ``secret.sealed`` when its secrets cannot be opened here.
    """
    row = PaymentAccount.objects.filter(adapter=adapter.key).first()
    if row is None:
        raise Refused("payment.account", adapter=str(adapter.title))
    return adapter.config(**row.config, **_secrets(row))


def is_open(adapter: str) -> bool:
    """Tell whether buyers can pay by this adapter now."""
    return PaymentAccount.objects.filter(adapter=adapter, is_active=True).exists()


def open_adapters(currency: str) -> list[PaymentAdapter]:
    """Return the adapters by which an amount of this currency can be paid now."""
    active = set(PaymentAccount.objects.filter(is_active=True).values_list("adapter", flat=True))
    return [each for each in adapters() if each.key in active and currency in each.currencies]


@transaction.atomic
def save_account(adapter: str, told: Mapping[str, str], *, at: datetime) -> PaymentAccount:
    """Save the configuration of an adapter's account. A secret that is not told stays as it is.

    Raises:
        Refused: ``payment.adapter``; ``payment.config`` with the fields that are missing or too long, ``payment.keys`` with what is wrong with
            them.
    """
    plugin = find_adapter(adapter)
    PaymentAccount.objects.bulk_create([PaymentAccount(adapter=adapter, changed_at=at)], ignore_conflicts=True)
    row = PaymentAccount.objects.select_for_update().get(adapter=adapter)
    secret = plugin.config.secret_fields()
    try:
        kept = _secrets(row)
    except Refused:
        # They were sealed with another installation's secret: all are to be told anew.
        kept = {}
    hidden = {name: _clean(told.get(name, "")) or kept.get(name, "") for name in sorted(secret)}
    shown = {name: _clean(value) for name, value in told.items() if name not in secret}
    try:
        config = plugin.config(**shown, **hidden)
    except ValidationError as fault:
        places = [plugin.labels.get(str(each["loc"][0])) for each in fault.errors() if each["loc"]]
        words = "、".join(str(each.title) for each in places if each)
        raise Refused("payment.config", words=words) from None
    wrong = [each.said for each in plugin.problems(config) if each.state == "wrong"]
    if wrong:
        raise Refused("payment.keys", words=" ".join(wrong))
    before, changed = row.config, [name for name, value in hidden.items() if value != kept.get(name)]
    row.config, row.changed_at = shown, at
    row.sealed = seal(json.dumps(hidden), purpose=_purpose(adapter))
    row.save(update_fields=["config", "sealed", "changed_at"])
    audit.record(
        SAVED, row, name=str(plugin.title), personal=changed,
        changes={name: (before.get(name, ""), value) for name, value in shown.items()},
    )  # fmt: skip
    return row


@transaction.atomic
def switch_account(adapter: str, *, is_active: bool, at: datetime) -> PaymentAccount:
    """Let buyers pay by an account, or no longer. What was begun is still heard and asked for.

    Raises:
        Refused: ``payment.adapter``, ``payment.account``.
    """
    plugin = find_adapter(adapter)
    row = PaymentAccount.objects.select_for_update().filter(adapter=adapter).exclude(sealed="").first()
    if row is None:
        raise Refused("payment.account", adapter=str(plugin.title))
    if row.is_active != is_active:
        audit.record(SWITCHED, row, name=str(plugin.title), changes={"is_active": (row.is_active, is_active)})
        row.is_active, row.changed_at = is_active, at
        row.save(update_fields=["is_active", "changed_at"])
    return row


def check_account(adapter: str, *, at: datetime) -> Sequence[Finding]:
    """Return what is right and wrong with an account, after asking who it is with.

    Raises:
        Refused: ``payment.adapter``, ``payment.account``, ``secret.sealed``.
    """
    plugin = find_adapter(adapter)
    return plugin.check(config_of(plugin), at=at)


def _clean(text: str) -> str:
    """Return what was pasted with plain ends of lines: browsers send a key's with a carriage return, which no reader of keys expects."""
    return "\n".join(text.strip().splitlines())


def _secrets(row: PaymentAccount) -> dict[str, str]:
    if not row.sealed:
        return {}
    found: dict[str, str] = json.loads(unseal(row.sealed, purpose=_purpose(row.adapter)))
    return found


def _purpose(adapter: str) -> str:
    return f"payment:{adapter}"
