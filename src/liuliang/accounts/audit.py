"""The record of every change: who did what to what, when, and from where.

A service that changes something calls `record` in the transaction of the change, so that there is no change without its
entry and no entry without its change. Each app declares its actions beside its services::

    TAGGED = audit.action("member.tagged", _("添加标签"))

    @transaction.atomic
    def tag_member(member: Member, tag: Tag) -> None:
        ...
        audit.record(TAGGED, member, changes={"tags": (before, after)}, personal={"nickname"})

Who acts comes from the context that the door opens (`acting`); outside of it, it is the system itself. An entry outlives what
it speaks of, so nothing personal goes into it: the name of a member is not written, and of a personal field only that it
changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection

from liuliang.accounts.models import AuditEntry, Staff
from liuliang.kernel import clock

if TYPE_CHECKING:
    from django.db.models import Model
    from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of change, in the past tense, with the words that the log shows."""

    key: str
    title: str | Promise


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is at work: a staff member, or None for the system; the network address they come from, and the key they use."""

    staff: Staff | None = None
    address: str | None = None
    via: str = ""


ACTIONS: dict[str, Action] = {}
"""Every declared action by its key."""

_SYSTEM = Actor()
_actor: ContextVar[Actor | None] = ContextVar("liuliang_actor", default=None)


def action(key: str, title: str | Promise) -> Action:
    """Declare an action. Keys are ``thing.happened`` and stable: they stand in the log for ever."""
    if key in ACTIONS:
        raise ValueError(f"the action {key!r} is declared twice")
    ACTIONS[key] = Action(key, title)
    return ACTIONS[key]


@contextlib.contextmanager
def acting(staff: Staff | None, address: str | None = None, *, via: str = "") -> Iterator[None]:
    """Let everything inside be recorded as done by ``staff``, or for them with the key ``via``.

    Without an address, the surrounding one is kept.
    """
    token = _actor.set(Actor(staff, address or actor().address, via))
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> Actor:
    """Return who is at work."""
    return _actor.get() or _SYSTEM


def record(
    what: Action,
    target: Model,
    *,
    name: str = "",
    community: int | None = None,
    changes: Mapping[str, tuple[object, object]] | None = None,
    personal: Collection[str] = (),
) -> None:
    """Write one entry, in the transaction of the change.

    Args:
        what: the declared action.
        target: what was changed; a saved object.
        name: how the log calls it. Leave it empty for people: their name is looked up when the log is read.
        community: the id of the community it concerns; staff who may see only some communities see only their entries.
        changes: for each field that is not personal, the value before and after. Equal ones are left out.
        personal: fields that changed and of which nothing more is said.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{what.key} is recorded outside the transaction of its change")
    who = actor()
    told: dict[str, object] = {
        field: [_plain(before), _plain(after)] for field, (before, after) in (changes or {}).items() if before != after
    }
    told.update(dict.fromkeys(sorted(personal)))
    AuditEntry.objects.create(
        at=clock.now(),
        staff=who.staff,
        via=who.via,
        action=what.key,
        target_type=target._meta.label_lower,  # noqa: SLF001 - Django's documented name for it
        target_id=str(target.pk),
        target_name=name[:200],
        community=community,
        changes=told,
        address=who.address,
    )


def _plain(value: object) -> object:
    """Return a value as JSON holds it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)
