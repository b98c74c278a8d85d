"""What an event is: a registered frozen dataclass in the past tense, and the fact that carries it.

An event type says how it is shown (title, icon) and which of its fields are personal, so that every face and the eraser
can treat events they know nothing else about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec
from django.utils.functional import Promise


class Event:
    """Base of every event payload; subclasses are frozen dataclasses registered with `event`."""

    __slots__ = ()
    kind: ClassVar[str]


@dataclass(frozen=True, slots=True)
class EventType:
    """What the system knows about a kind of event.

    ``personal`` names the payload fields that are erased with their member. ``value`` names an integer field that
    metrics add up (minor units for money), ``other`` an integer field that holds a second member's id.
    """

    kind: str
    payload: type[Event]
    title: str | Promise
    icon: str
    personal: tuple[str, ...] = ()
    value: str = ""
    other: str = ""


_types: dict[str, EventType] = {}

E = TypeVar("E", bound=type[Event])


def event(
    kind: str, *, title: str | Promise, icon: str, personal: tuple[str, ...] = (), value: str = "", other: str = ""
) -> Callable[[E], E]:
    """Register the decorated dataclass as the payload of ``kind``.

    Raises:
        ValueError: the kind is taken, or ``personal`` names a field the payload lacks.
    """

    def register(payload: E) -> E:
        known = _types.get(kind)
        if known is not None and known.payload.__qualname__ != payload.__qualname__:
            msg = f"the event kind {kind!r} is taken by {known.payload.__qualname__}"
            raise ValueError(msg)
        fields = set(getattr(payload, "__dataclass_fields__", {}))
        missing = (set(personal) | {value, other}) - fields - {""}
        if missing:
            msg = f"{payload.__qualname__} has no field {sorted(missing)}"
            raise ValueError(msg)
        payload.kind = kind
        _types[kind] = EventType(kind, payload, title, icon, personal, value, other)
        return payload

    return register


def event_types() -> dict[str, EventType]:
    """Return every registered type by kind."""
    return dict(_types)


def event_type(kind: str) -> EventType | None:
    """Return the type of ``kind``; None for a kind this installation does not know (a plug-in was removed)."""
    return _types.get(kind)


class Fact(msgspec.Struct, frozen=True):
    """An event with its circumstances, as handed to the log. Millions are made: a struct is made in a tenth of a dataclass's time.

    ``source`` and ``source_id`` together identify the fact in the world: the same pair is recorded once. ``member`` and
    ``community`` are ids or None, ``actor`` is the staff id of who did it, None for the outside world.
    """

    payload: Event
    occurred_at: datetime
    source: str
    source_id: str
    member: int | None = None
    community: int | None = None
    actor: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact as it stands in the log. ``position`` is unique and never changes; order is by (xid, position).

    ``payload`` is None for a kind nobody here knows; ``data`` always holds the fields as stored.
    """

    position: int
    xid: int
    id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    member: int | None
    community: int | None
    actor: int | None
    source: str
    source_id: str
    data: dict[str, Any]

    @property
    def payload(self) -> Event | None:
        """Decode ``data`` into the registered dataclass; unknown fields are ignored, missing ones take their defaults."""
        known = _types.get(self.kind)
        return None if known is None else msgspec.convert(self.data, known.payload)


def encode(payload: Event) -> str:
    """Return the payload as compact JSON."""
    return msgspec.json.encode(payload).decode()
