"""Whom a row of orders or answers speaks of: the strongest identities first, and the name they are shown by."""

from __future__ import annotations

from collections.abc import Mapping

from liuliang.importers.cells import mails_of, narrow, phones_of
from liuliang.importers.fields import clean
from liuliang.importers.records import Person

NOTHING = frozenset({"", "-", "--", "/", "无", "null", "none", "n/a", "nan"})
"""What people write into a cell that has nothing to say, in small letters."""

_ACCOUNTS = ("wxid", "qq", "openid", "unionid", "wecom_external")


def person_of(said: Mapping[str, str]) -> Person:
    """Return who a row names, by the fields ``phone``, ``email``, those of accounts, ``nickname`` and ``name``."""
    identities = [("phone", phone) for phone in phones_of(said.get("phone", ""))]
    for kind in _ACCOUNTS:
        account = clean(narrow(said.get(kind, "")))
        if account.lower() not in NOTHING and "*" not in account and (kind != "qq" or account.isdecimal()):
            identities.append((kind, account))
    identities += [("email", mail) for mail in mails_of(said.get("email", ""))]
    name = next((text for key in ("nickname", "name") if (text := said.get(key, "")).lower() not in NOTHING), "")
    return Person(clean(name), tuple(identities))
