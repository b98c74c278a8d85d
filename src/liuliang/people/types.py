"""The types a community can be: each a template of plan, rules, gates, calendar and targets.

A template is data. Creating a community fills its blueprint, identity and rules from it; gates, calendar and targets
are read from the type by the features that run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from liuliang.people.blueprint import Blueprint, CommunityIdentity

GateKind = Literal["action", "bought", "level", "invitation", "payment", "quiz", "form", "approval"]


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition for coming in. ``config`` belongs to the kind: which action, how often bought, which questions."""

    kind: GateKind
    title: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """A fixed place in the week: ISO weekday (1 is Monday), local time, what it is about and what form it has."""

    weekday: int
    time: str
    theme: str
    form: str


@dataclass(frozen=True, slots=True)
class Target:
    """A number to reach: the metric's key, the least (or, with ``at_most``, the most) it should be, over a period.

    Rates are shares between 0 and 1.
    """

    metric: str
    title: str
    value: float
    period: Literal["day", "week", "month", "whole"] = "week"
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class CommunityType:
    """A template. ``days`` is how long such a community is meant to live, None without an end."""

    key: str
    title: str
    icon: str
    summary: str
    size_limit: int
    house_rules: str
    blueprint: Blueprint
    identity: CommunityIdentity
    gates: tuple[Gate, ...]
    calendar: tuple[Slot, ...]
    targets: tuple[Target, ...]
    days: int | None = None

    @property
    def stored_blueprint(self) -> dict[str, Any]:
        """Return the plan as a community stores it."""
        return self.blueprint.model_dump(mode="json")

    @property
    def stored_identity(self) -> dict[str, Any]:
        """Return the identity as a community stores it."""
        return self.identity.model_dump(mode="json")


def carry_over(edited: Any, old: Any, new: Any) -> Any:
    """Return ``new`` with what somebody changed against ``old`` kept; mappings are compared field by field."""
    if isinstance(edited, dict) and isinstance(old, dict) and isinstance(new, dict):
        return {
            key: carry_over(edited.get(key, old.get(key)), old.get(key), new.get(key))
            for key in sorted({*edited, *old, *new})
        }
    return new if edited == old else edited
