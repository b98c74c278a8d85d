"""What staff know of a member beyond the log: attributes, needs and notes.

Values are stored on the canonical record. A person's profile is read over all of their records, the canonical one last,
so an attribute that a merged record brings shows until somebody writes another.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.events import MemberDescribed
from liuliang.people.models import AttributeDefinition, Member, Note
from liuliang.people.names import clean_name

TYPES = {
    "text": _("文字"),
    "number": _("数字"),
    "date": _("日期"),
    "boolean": _("是否"),
    "choice": _("单选"),
}
"""Types of attributes, by their stored name."""

NEEDS = {"practical": _("实用需求"), "social": _("社交需求"), "self_fulfilment": _("自我实现")}
"""What a member may be here for."""

TEXT_LIMIT = 500
NOTE_LIMIT = 5_000

CHANGED = audit.action("member.changed", _("修改成员资料"))
NOTED = audit.action("member.noted", _("添加备注"))
UNNOTED = audit.action("member.note_deleted", _("删除备注"))
DEFINED = audit.action("attribute.defined", _("新建资料字段"))
REDEFINED = audit.action("attribute.changed", _("修改资料字段"))
UNDEFINED = audit.action("attribute.deleted", _("删除资料字段"))


@transaction.atomic
def define_attribute(
    title: str, *, type_: str = "text", choices: list[str] | None = None, is_personal: bool = True
) -> AttributeDefinition:
    """Create a field of the profile; its key is made from the title.

    Raises:
        Refused: ``attribute.title_empty``, ``attribute.title_taken``, ``attribute.no_choices``.
    """
    name = clean_name(title)[:100]
    key = re.sub(r"[^\w-]+", "-", name.lower()).strip("-")[:40]
    if not key:
        raise Refused("attribute.title_empty")
    definition = AttributeDefinition(
        key=key,
        title=name,
        type=type_,
        choices=_checked_choices(type_, choices or []),
        is_personal=is_personal,
        position=AttributeDefinition.objects.count(),
    )
    try:
        with transaction.atomic():
            definition.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("attribute.title_taken", title=name) from error
    audit.record(DEFINED, definition, name=name, changes={"type": ("", type_)})
    return definition


@transaction.atomic
def change_attribute(definition: AttributeDefinition, *, title: str, choices: list[str], is_personal: bool) -> None:
    """Rename a field or change its choices. Its type stays: values of another type could not be read.

    Raises:
        Refused: ``attribute.title_empty`` or ``attribute.no_choices``.
    """
    name = clean_name(title)[:100]
    if not name:
        raise Refused("attribute.title_empty")
    told = {"title": name, "choices": _checked_choices(definition.type, choices), "is_personal": is_personal}
    changes = {field: (getattr(definition, field), value) for field, value in told.items()}
    for field, value in told.items():
        setattr(definition, field, value)
    definition.save()
    audit.record(REDEFINED, definition, name=name, changes=changes)


@transaction.atomic
def delete_attribute(definition: AttributeDefinition) -> None:
    """Delete a field. What members have in it is kept and shows again when a field of that name is made."""
    audit.record(UNDEFINED, definition, name=definition.title)
    definition.delete()


@transaction.atomic
def set_attribute(member: int, definition: AttributeDefinition, written: str) -> Any:
    """Set what a person has in a field, from what somebody wrote, and return the value; nothing written empties it.

    Raises:
        Refused: ``attribute.unreadable`` when it is no value of the field's type; ``member.erased``.
    """
    value = read_value(definition, written)
    found = _locked(member)
    if found.attributes.get(definition.key, "") == value:
        return value
    # An emptied field is kept as null, or a merged record's value would show again.
    found.attributes[definition.key] = value
    found.save(update_fields=["attributes"])
    at = clock.now()
    who = audit.actor().staff
    key = f"described:{member}:{int(at.timestamp() * 1_000_000)}"
    append([Fact(MemberDescribed((definition.key,)), at, "people", key, member, actor=who.pk if who else None)])
    audit.record(CHANGED, found, personal={definition.title})
    return value


@transaction.atomic
def set_needs(member: int, needs: list[str]) -> None:
    """Say what a person is here for.

    Raises:
        ValueError: a need is not in `NEEDS`.
    """
    if unknown := set(needs) - set(NEEDS):
        raise ValueError(f"no such needs: {sorted(unknown)}")
    found = _locked(member)
    told = [need for need in NEEDS if need in needs]
    if told != found.needs:
        found.needs = told
        found.save(update_fields=["needs"])
        audit.record(CHANGED, found, personal={str(_("需求"))})


@transaction.atomic
def add_note(member: int, text: str, *, at: datetime) -> Note:
    """Write something about a person, as the staff member at work.

    Raises:
        Refused: ``note.empty``, ``note.too_long`` or ``member.erased``.
    """
    staff = audit.actor().staff
    if staff is None:
        raise ValueError("a note has a writer")
    told = text.strip().replace("\x00", "")
    if not told:
        raise Refused("note.empty")
    if len(told) > NOTE_LIMIT:
        raise Refused("note.too_long", most=NOTE_LIMIT)
    found = _locked(member)
    note = Note.objects.create(member=found, staff=staff, text=told, at=at)
    audit.record(NOTED, found)
    return note


@transaction.atomic
def delete_note(note: Note) -> None:
    """Delete a note."""
    audit.record(UNNOTED, note.member)
    note.delete()


def read_value(definition: AttributeDefinition, written: str) -> Any:
    """Return the value that somebody wrote, as it is stored: text, number, ISO date, truth, one of the choices, or None.

    Raises:
        Refused: ``attribute.unreadable``.
    """
    text = clean_name(written)[:TEXT_LIMIT]
    if not text:
        return None
    try:
        return _READERS[definition.type](text, definition.choices)
    except (ValueError, InvalidOperation, KeyError) as error:
        raise Refused("attribute.unreadable", title=definition.title, written=text) from error


def _number(text: str, _choices: list[str]) -> int | float:
    number = Decimal(text.replace(",", ""))
    if not number.is_finite() or abs(number) >= 10**15:
        raise ValueError(text)
    return int(number) if number == number.to_integral_value() else float(number)


def _choice(text: str, choices: list[str]) -> str:
    if text not in choices:
        raise ValueError(text)
    return text


_TRUTHS = {"1": True, "true": True, "是": True, "yes": True, "0": False, "false": False, "否": False, "no": False}

_READERS = {
    "text": lambda text, _: text,
    "number": _number,
    "date": lambda text, _: date.fromisoformat(text).isoformat(),
    "boolean": lambda text, _: _TRUTHS[text.lower()],
    "choice": _choice,
}


def _checked_choices(type_: str, choices: list[str]) -> list[str]:
    if type_ not in TYPES:
        raise ValueError(f"no such type: {type_}")
    if type_ != "choice":
        return []
    told = list(dict.fromkeys(choice for each in choices if (choice := clean_name(each)[:100])))
    if not told:
        raise Refused("attribute.no_choices")
    return told


def _locked(member: int) -> Member:
    found = Member.objects.select_for_update(no_key=True, of=("self",)).get(id=member)
    if found.erased_at is not None:
        raise Refused("member.erased")
    return found
