"""The protocol of a condition, and the registry of conditions.

A condition is one file in `liuliang.segments.conditions` that ends with ``CONDITION = MyCondition()``. It says which set
of members a configuration means, which events may change that set, and tells both in words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Literal, TypeVar

from django.utils.functional import Promise
from pydantic import BaseModel, ConfigDict
from pyroaring import BitMap

from liuliang.kernel.registry import Registry
from liuliang.segments.calendars import Calendar
from liuliang.segments.parameters import Parameters


class Config(BaseModel):
    """The configuration of a condition: what the editor asks for. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


C = TypeVar("C", bound=Config)

_NOWHERE = 0
"""The community of a row of the lake that belongs to none."""


@dataclass(frozen=True, slots=True)
class Refs:
    """What a configuration names, so that it can be checked to exist and followed when it changes."""

    tags: frozenset[int] = frozenset()
    attributes: frozenset[str] = frozenset()
    communities: frozenset[int] = frozenset()
    kinds: frozenset[str] = frozenset()
    segments: frozenset[int] = frozenset()
    layers: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Context:
    """Under what circumstances a set is worked out.

    ``branch`` holds the communities that the rule may see, None for all; ``below`` the subtree of each community that
    has one, itself included. ``held`` gives the sets that conditions may name: of segments by id and of layers by
    (dimension, layer).
    """

    calendar: Calendar
    branch: frozenset[int] | None = None
    below: Mapping[int, frozenset[int]] = field(default_factory=dict)
    held: Mapping[int | tuple[str, str], BitMap] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """Return the instant as of which sets are worked out."""
        return self.calendar.at

    def places(self, communities: Collection[int]) -> frozenset[int] | None:
        """Return the communities a condition speaks of: what it names with all below, in the branch; None for everywhere."""
        if not communities:
            return self.branch
        named = frozenset().union(*(self.below.get(each, {each}) for each in communities))
        return named if self.branch is None else self.branch & named

    def layers(self, dimension: str) -> Iterator[tuple[tuple[str, str], BitMap]]:
        """Iterate over the held sets of a dimension's layers."""
        for key, members in self.held.items():
            if isinstance(key, tuple) and key[0] == dimension:
                yield key, members

    def places_sql(self, communities: Collection[int], parameters: Parameters) -> str:
        """Return the lake SQL that keeps to these communities within the branch.

        Where none are named, what belongs to no community counts too, such as orders of a web shop: of a branch's people it is
        counted in its figures as well.
        """
        places = self.places(communities)
        if places is None:
            return "1"
        return f"community IN {parameters.numbers(places if communities else places | {_NOWHERE})}"


@dataclass(frozen=True, slots=True)
class LakeSet:
    """Members for whom something holds of their rows in the lake.

    ``where`` chooses rows of ``relation``; ``measure`` is an aggregate over exactly those (write it with ``-If`` and
    ``where``), ``holds`` a comparison of it. Both may be evaluated over more rows than ``where`` chooses. ``kinds`` are the
    kinds of these rows, to skip the rest. ``is_inverted`` means everybody else. ``by_one`` says that any one of these rows
    decides, so that events can be looked at without those before them. ``is_anywhere`` says that a branch's people are asked
    about with what happened elsewhere, and in no community at all.
    """

    relation: Literal["events", "member_day"]
    kinds: frozenset[str]
    where: str
    measure: str
    holds: str
    is_inverted: bool = False
    reads_data: bool = False
    by_one: bool = False
    is_anywhere: bool = False


@dataclass(frozen=True, slots=True)
class TableSet:
    """Members that a SELECT on PostgreSQL gives, as one int4 column.

    ``{among}`` in the statement is where ``AND <person> = ANY(…)`` is put in to ask about some members only; ``person``
    is the SQL of the member's id there.
    """

    select: str
    person: str
    params: Mapping[str, Any] = field(default_factory=dict)
    is_inverted: bool = False


@dataclass(frozen=True, slots=True)
class ReadySet:
    """Members known without asking."""

    members: BitMap


Compiled = LakeSet | TableSet | ReadySet


@dataclass(frozen=True)
class Touched:
    """Whom new events concern: the members of events by kind, and those of whom everything may have changed.

    ``entirely`` are people who are new, were merged, taken apart or erased. ``others`` are second members of events.
    ``since`` is the least position of these events in the log; 0 leaves it open.
    """

    members: Mapping[str, BitMap] = field(default_factory=dict)
    others: Mapping[str, BitMap] = field(default_factory=dict)
    entirely: BitMap = field(default_factory=BitMap)
    since: int = 0

    def of(self, kinds: Iterable[str]) -> BitMap:
        """Return the members of events of these kinds, and those of whom everything may have changed."""
        return BitMap.union(self.entirely, *(self.members[kind] for kind in kinds if kind in self.members))

    def others_of(self, kinds: Iterable[str]) -> BitMap:
        """Return the second members of events of these kinds."""
        return BitMap.union(BitMap(), *(self.others[kind] for kind in kinds if kind in self.others))


class Condition(ABC, Generic[C]):
    """One kind of condition.

    ``key`` is stored; ``title`` is what the editor lists it by, in a ``group`` of its like, with an ``icon``.
    ``permission`` is what staff need beside seeing members.
    """

    key: ClassVar[str]
    title: ClassVar[str | Promise]
    group: ClassVar[str | Promise]
    icon: ClassVar[str]
    permission: ClassVar[str] = ""
    is_read: ClassVar[bool] = False
    """Whether the set is there to be read, so that keeping another copy of it would be of no use."""
    choices: ClassVar[Mapping[str, Mapping[str, str | Promise]]] = {}
    """What the values of the configuration's choices are called, by field."""
    config: type[C]

    @abstractmethod
    def compiled(self, config: C, context: Context, parameters: Parameters) -> Compiled:
        """Return the set that ``config`` means; lake statements take their values through ``parameters``."""

    @abstractmethod
    def kinds(self, config: C) -> frozenset[str]:
        """Return the kinds of events that may change whether their member is in the set."""

    @abstractmethod
    def sentence(self, config: C, names: Names) -> str:
        """Return the condition in words."""

    @abstractmethod
    def fact(self, config: C, member: int, context: Context, names: Names) -> str:
        """Return in one sentence what is known of a member that decides this."""

    def refs(self, config: C) -> Refs:
        """Return what ``config`` names."""
        del config
        return Refs()

    def touched(self, config: C, touched: Touched) -> BitMap | None:
        """Return for whom the set must be worked out again after these events; None for everybody."""
        return touched.of(self.kinds(config))

    def due_at(self, config: C, context: Context) -> datetime | None:
        """Return when time alone may change the set next; None for never."""
        del config, context
        return None


class Names(ABC):
    """Finds the words for what configurations hold as ids."""

    @abstractmethod
    def tag(self, tag: int) -> str:
        """Return a tag's name."""

    @abstractmethod
    def attribute(self, key: str) -> str:
        """Return what people call an attribute."""

    @abstractmethod
    def community(self, community: int) -> str:
        """Return a community's name."""

    @abstractmethod
    def segment(self, segment: int) -> str:
        """Return a segment's name."""

    @abstractmethod
    def layer(self, dimension: str, layer: str) -> str:
        """Return what a layer is called."""

    def kind(self, kind: str) -> str:
        """Return the title of a kind of event."""
        from liuliang.kernel.events import event_type

        known = event_type(kind)
        return str(known.title) if known else kind


@cache
def conditions() -> Registry[Condition[Any]]:
    """Return every condition: the files of this package's folder and the ``liuliang.segments.conditions`` entry points."""
    return Registry.discover("liuliang.segments.conditions", attribute="CONDITION")
