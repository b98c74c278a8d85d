"""The protocol of a payment adapter, and the registry of adapters.

An adapter is one file in `liuliang.commerce.payments` that ends with ``ADAPTER = MyAdapter()``. It speaks the language of who
takes the money and nothing else: it knows no orders and no database, gets values and returns values, and may be asked the same
thing again at any time. What it tells becomes an effect in `liuliang.commerce.paying` and `liuliang.commerce.refunding` alone.

Every method may refuse: ``payment.unreachable`` when nobody knows whether it was heard, ``payment.provider`` with the ``words``
of who refused, ``payment.unknown`` for a number that is not known there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal, Protocol

from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict, SecretStr

from liuliang.kernel.registry import Registry

NATIVE, JSAPI, H5 = "native", "jsapi", "h5"
"""Ways to pay: a code that the buyer scans, a page inside the chat app, a page in another browser of the phone."""


class Config(BaseModel):
    """What an account needs. Unknown fields are refused; fields of the type ``SecretStr`` are kept sealed and never shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """Return the names of the fields that are secret."""
        return frozenset(name for name, told in cls.model_fields.items() if told.annotation is SecretStr)


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment to begin.

    ``number`` names it for ever, ``amount`` is minor units, ``until`` when it can no longer be paid and ``notify`` the address
    for news of it. ``payer`` is the buyer's id at the channel, for pages inside it, and ``address`` that of their network.
    """

    number: str
    way: str
    amount: int
    currency: str
    description: str
    until: datetime
    notify: str
    payer: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a payment stands: waiting, paid or closed. ``amount`` and ``reference`` tell of money that came."""

    state: Literal["waiting", "paid", "closed"]
    reference: str = ""
    amount: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """Money to give back: ``amount`` of the ``total`` that the payment ``payment`` brought."""

    number: str
    payment: str
    amount: int
    total: int
    currency: str
    reason: str
    notify: str


@dataclass(frozen=True, slots=True)
class BackStanding:
    """How giving back stands; ``problem`` says in words why it failed."""

    state: Literal["processing", "succeeded", "failed"]
    reference: str = ""
    amount: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """News of a payment or, with ``refund``, of giving back, by the number it was begun with. Its signature was right."""

    number: str
    standing: Standing | BackStanding


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found out about one thing: right, wrong, or not known, and in words what to do."""

    state: Literal["right", "wrong", "unknown"]
    about: str | Promise
    words: str | Promise = ""
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Return the words with their data."""
        return str(self.words).format(**self.data)


@dataclass(frozen=True, slots=True)
class Label:
    """What a field of a configuration is called, where to find its value, and whether it is a text of many lines."""

    title: str | Promise
    help: str | Promise = ""
    is_long: bool = False


class PaymentAdapter(Protocol):
    """One who takes money. ``ways`` are those it can do of `NATIVE`, `JSAPI` and `H5`; ``currencies`` what it takes.

    ``labels`` has the words for each field of the configuration.
    """

    key: str
    title: str | Promise
    config: type[Config]
    labels: Mapping[str, Label]
    ways: tuple[str, ...]
    currencies: frozenset[str]

    def begin(self, config: Any, asked: Asked) -> dict[str, str]:
        """Let a buyer pay, and return what they need for it. The same number again returns the same."""
        ...

    def query(self, config: Any, number: str) -> Standing:
        """Return how a payment stands."""
        ...

    def close(self, config: Any, number: str) -> None:
        """Let nobody pay any more; one that is closed or unknown there stays so."""
        ...

    def give_back(self, config: Any, back: Back) -> BackStanding:
        """Ask for money to be given back. The same number again gives nothing more."""
        ...

    def query_back(self, config: Any, number: str) -> BackStanding:
        """Return how giving back stands."""
        ...

    def read(self, config: Any, headers: Mapping[str, str], body: bytes, *, at: datetime) -> Notice | None:
        """Return the news that a request brings, None for news of something else.

        Args:
            config: of the account.
            headers: of the request, with names in lower case.
            body: of the request, as it came.
            at: now; what was signed long before is refused.

        Raises:
            Refused: ``payment.signature`` when it is not from who it should be, or not for this account.
        """
        ...

    def problems(self, config: Any) -> Sequence[Finding]:
        """Return what can be seen to be wrong or right with a configuration without asking anybody."""
        ...

    def check(self, config: Any, *, at: datetime) -> Sequence[Finding]:
        """Return the same and what asking brings to light. Changes nothing there."""
        ...


@cache
def adapters() -> Registry[PaymentAdapter]:
    """Return every adapter: the files of the folder and the ``liuliang.commerce.payments`` entry points."""
    return Registry.discover("liuliang.commerce.payments", attribute="ADAPTER")
