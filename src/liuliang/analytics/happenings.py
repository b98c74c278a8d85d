"""What funnels and paths are told with: kinds of events, the properties they can be narrowed by, and the SQL of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.analytics.acts import EVIDENCE, is_everywhere, needed_for, told_kinds
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope, stamp
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import EventType, event_type

Relation = Literal["is", "is_not", "contains", "at_least", "at_most"]
Kind = Literal["text", "number", "money", "truth"]

# Properties that say something to a person; the rest are the system's own numbers and keys.
_TITLES: dict[str, str | Promise] = {
    "how": _("进群方式"),
    "type": _("消息类型"),
    "text": _("文字"),
    "is_question": _("是提问"),
    "is_recalled": _("后来撤回了"),
    "is_removed": _("被移出"),
    "role": _("群内角色"),
    "amount": _("金额"),
    "currency": _("币种"),
    "product": _("商品"),
    "quantity": _("数量"),
    "name": _("标签"),
    "title": _("标题"),
}
_PRIVATE = frozenset({"text", "name"})
"""Properties that tell what somebody said or how they are tagged: whoever may not see members could try words one by one."""

_RELATIONS: dict[Kind, tuple[Relation, ...]] = {
    "text": ("is", "is_not", "contains"),
    "number": ("at_least", "at_most", "is"),
    "money": ("at_least", "at_most", "is"),
    "truth": ("is",),
}


@dataclass(frozen=True, slots=True)
class Property:
    """A field of an event that a step can be narrowed by. Money is asked in units and stored in hundredths."""

    key: str
    title: str | Promise
    kind: Kind

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Return how it can be compared."""
        return _RELATIONS[self.kind]

    @property
    def is_private(self) -> bool:
        """Tell whether only those who may see members may ask about it."""
        return self.key in _PRIVATE


@dataclass(frozen=True, slots=True)
class Condition:
    """A property of an event compared with a value, as somebody wrote it."""

    key: str
    relation: Relation
    value: str


@dataclass(frozen=True, slots=True)
class Happening:
    """A kind of event, and what must hold of it. Conditions all have to hold."""

    kind: str
    conditions: tuple[Condition, ...] = ()

    @property
    def known(self) -> EventType:
        """Return the event's type.

        Raises:
            Refused: ``happening.unknown``: nobody here knows the kind (any more).
        """
        found = event_type(self.kind)
        if found is None or self.kind not in {each.kind for each in told_kinds()}:
            raise Refused("happening.unknown", kind=self.kind)
        return found


def needed(*happenings: Happening, kinds: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the permissions that one needs to ask about these, and about other ``kinds``, besides seeing figures."""
    found = {*needed_for((*(each.kind for each in happenings), *kinds))}
    if any(condition.key in _PRIVATE for each in happenings for condition in each.conditions):
        found.add(MEMBERS_VIEW)
    return tuple(sorted(found))


def properties_of(kind: str) -> tuple[Property, ...]:
    """Return the properties that events of a kind can be narrowed by; none of a kind nobody knows."""
    known = event_type(kind)
    if known is None:
        return ()
    found: list[Property] = []
    for one in fields(known.payload):  # type: ignore[arg-type]
        if one.name not in _TITLES:
            continue
        wanted: Kind | None = {"str": "text", "int": "number", "bool": "truth"}.get(str(one.type))  # type: ignore[assignment]
        if wanted is not None:
            is_money = one.name == known.value and "currency" in known.payload.__dataclass_fields__  # type: ignore[attr-defined]
            found.append(Property(one.name, _TITLES[one.name], "money" if is_money else wanted))
    return tuple(found)


def matching(happening: Happening, name: str) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of a happening on rows of the lake, and its parameters; ``name`` keeps those apart.

    Raises:
        Refused: ``happening.unknown``, or ``happening.property`` for a condition that cannot be understood.
    """
    known = happening.known
    terms, values = [f"kind = {{{name}:String}}"], {name: happening.kind}
    properties = {one.key: one for one in properties_of(happening.kind)}
    for place, condition in enumerate(happening.conditions):
        one = properties.get(condition.key)
        if one is None or condition.relation not in one.relations:
            raise Refused("happening.property", property=condition.key, kind=happening.kind)
        term, more = _compared(one, condition, f"{name}_{place}", is_value=known.value == one.key)
        terms.append(term)
        values |= more
    return f"({' AND '.join(terms)})", values


def _compared(one: Property, condition: Condition, name: str, *, is_value: bool) -> tuple[str, dict[str, Any]]:
    key = f"'{one.key}'"
    if one.kind == "truth":
        return f"JSONExtractBool(data, {key}) = {{{name}:UInt8}}", {name: 1 if condition.value == "1" else 0}
    if one.kind == "text":
        said, value = f"JSONExtractString(data, {key})", condition.value.replace("\0", "")[:200]
        if condition.relation == "contains":
            return f"positionCaseInsensitiveUTF8({said}, {{{name}:String}}) > 0", {name: value}
        sign = "=" if condition.relation == "is" else "!="
        return f"{said} {sign} {{{name}:String}}", {name: value}
    sign = {"at_least": ">=", "at_most": "<=", "is": "="}.get(condition.relation, "=")
    number = "value" if is_value else f"JSONExtractInt(data, {key})"
    return f"{number} {sign} {{{name}:Int64}}", {name: _number(one, condition.value)}


def _number(one: Property, text: str) -> int:
    try:
        number = round(float(text.replace(",", "")) * (100 if one.kind == "money" else 1))
    except (ValueError, OverflowError) as error:
        raise Refused("happening.number", text=text[:40]) from error
    if abs(number) >= 2**62:
        raise Refused("happening.number", text=text[:40])
    return number


def happened(
    scope: Scope, kinds: Sequence[str], period: Period, *, by_community: bool, name: str
) -> tuple[str, dict[str, Any]]:
    """Return the relation of what happened with members on the local days of ``period``: the lake's own columns.

    What belongs to no community, such as an order or points spent, counts for its member, where and from the day on they were
    seen in one of these communities: once for each of them when the communities are told apart, else once. Of everything there
    is, it counts.
    """
    placeless = [kind for kind in kinds if is_everywhere(kind)]
    # Of everything, everybody is somewhere, and one reading of the kinds is enough.
    is_one = scope.is_everything and not by_community
    during, values = scope.during(period, name, is_anywhere=is_one)
    values = {**values, f"{name}_kinds": list(kinds)}
    columns = "kind, member, community, occurred_at, position, value, other, data"
    of_kinds = f"kind IN {{{name}_kinds:Array(String)}} AND member != 0"
    if is_one or not placeless:
        return f"(SELECT {columns} FROM {{events}} WHERE {of_kinds} AND {during})", values
    # A day of one community has begun while it is still the day before in another: all of them are read, and parted below.
    zone = scope.zones[0][0] if scope.zones else "UTC"
    begin, end = scope.instants(period) if by_community else period.instants(zone)
    people, more = scope.people()
    nowhere = (
        f"community = 0 AND kind IN {{{name}_placeless:Array(String)}}"
        f" AND occurred_at >= {{{name}_begin:DateTime64(3, 'UTC')}} AND occurred_at < {{{name}_end:DateTime64(3, 'UTC')}}{people}"
    )
    values |= {**more, f"{name}_placeless": placeless, f"{name}_begin": stamp(begin), f"{name}_end": stamp(end)}
    among, more = scope.condition()
    values |= {**more, f"{name}_evidence": list(EVIDENCE)}
    key = "community, member" if by_community else "member"
    seen = (
        f"SELECT {key}, min(day) AS seen FROM {{member_day}} WHERE kind IN {{{name}_evidence:Array(String)}} AND {among}"
        f" GROUP BY {key}"
    )
    bought = (
        f"SELECT kind, member, occurred_at, position, value, other, data FROM {{events}} WHERE {of_kinds} AND {nowhere}"
    )
    community = "community" if by_community else "toUInt32(0) AS community"
    values |= {f"{name}_first": period.first.isoformat(), f"{name}_last": period.last.isoformat()}
    theirs = (
        f"SELECT kind, member, {community}, occurred_at, position, value, other, data"
        f" FROM ({bought}) AS bought INNER JOIN ({seen}) AS places USING (member)"
        f" WHERE ({local_day_of(scope, 'occurred_at')} AS local_day) >= seen"
        f" AND local_day >= {{{name}_first:Date}} AND local_day <= {{{name}_last:Date}}"
    )
    return f"(SELECT {columns} FROM {{events}} WHERE {of_kinds} AND {during} UNION ALL {theirs})", values
