"""What members do that can be rewarded: which event shows it, who earns, what conditions may ask, and how it is undone.

Packages above register more (`register`), for what only they know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import event_types

LEDGER_KINDS = ("points.", "growth.", "level.")
"""Beginnings of the kinds of events that the ledger itself writes; rewarding them would pay for being paid."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event's payload that a condition may ask about. ``type`` is number, money, text or boolean."""

    key: str
    title: str | Promise
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Undoing:
    """What takes the behaviour back.

    ``match`` is a SQL condition between the event ``e`` and the undoing event ``u``; ``part`` and ``whole`` are SQL
    expressions of how much of it is undone by all that is logged by now. ``begun`` is a SQL condition on ``e`` alone that
    says that it is undone in part by what was logged before it, for nobody. ``is_limited`` says that only an undoing
    within the rule's hours counts.
    """

    kinds: tuple[str, ...]
    match: str
    part: str = "1::bigint"
    whole: str = "1::bigint"
    begun: str = ""
    is_limited: bool = False
    may_come_first: bool = True


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Something members do.

    ``earner`` names the payload field that holds who earns, which the event type calls the other member; empty for the
    event's own. ``by_amount`` names the
    field that points can be counted by, so many for each so much of it.
    """

    key: str
    title: str | Promise
    kinds: tuple[str, ...]
    earner: str = ""
    by_amount: str = ""
    fields: tuple[Field, ...] = ()
    undoing: Undoing | None = None


_SAME_STAY = "u.member = e.member AND u.community = e.community AND u.occurred_at >= e.occurred_at"

_LEFT = Undoing(("member.left",), _SAME_STAY, is_limited=True)

_REFUNDED = Undoing(
    ("order.refunded",),
    "u.member = e.member AND u.data->>'order' = e.data->>'order'",
    part="coalesce((e.data->>'refunded')::bigint, 0) + (SELECT coalesce(sum((r.data->>'amount')::bigint), 0)::bigint"
    " FROM kernel_event r WHERE r.member = e.member AND r.kind = 'order.refunded'"
    " AND r.data->>'order' = e.data->>'order')",
    whole="(e.data->>'amount')::bigint",
    # What went back before the order was claimed is told by the claim: those refunds have no member.
    begun="coalesce((e.data->>'refunded')::bigint, 0) > 0",
)

_RECALLED = Undoing(
    # A recall never comes into the log before its message: a message that came recalled says so itself.
    ("message.recalled",),
    "e.source = u.source AND e.source_id = u.data->>'target'",
    may_come_first=False,
)

_READY = (
    Behaviour(
        "speak", _("发言"), ("message.sent",),
        fields=(
            Field("type", _("消息类型")), Field("text", _("内容")), Field("is_question", _("是提问"), "boolean"),
            Field("is_recalled", _("已撤回"), "boolean"),
        ),
        undoing=_RECALLED,
    ),
    Behaviour("join", _("进群"), ("member.joined",), fields=(Field("how", _("进群方式")),), undoing=_LEFT),
    Behaviour(
        "invite", _("邀请好友进群"), ("member.joined",), earner="inviter", fields=(Field("how", _("进群方式")),),
        undoing=_LEFT,
    ),
    Behaviour(
        "order", _("下单付款"), ("order.paid", "order.claimed"), by_amount="amount",
        fields=(
            Field("amount", _("金额"), "money"), Field("quantity", _("件数"), "number"), Field("product", _("商品")),
            Field("currency", _("币种")),
        ),
        undoing=_REFUNDED,
    ),
)  # fmt: skip

_behaviours: dict[str, Behaviour] = {each.key: each for each in _READY}


def register(behaviour: Behaviour) -> Behaviour:
    """Let members be rewarded for something more; called from an app's ``ready``.

    Raises:
        ValueError: the key is taken by another behaviour, or who earns is not what the event type calls the other member.
        Refused: ``rule.loop`` when it is the ledger's own doing.
    """
    taken = _behaviours.get(behaviour.key)
    if taken is not None and taken != behaviour:
        raise ValueError(f"two behaviours have the key {behaviour.key!r}")
    check_no_loop(behaviour.kinds)
    types = [known for kind in behaviour.kinds if (known := event_types().get(kind))]
    if behaviour.earner and any(each.other != behaviour.earner for each in types):
        raise ValueError(f"{behaviour.earner!r} is not the other member of {', '.join(behaviour.kinds)}")
    _behaviours[behaviour.key] = behaviour
    return behaviour


def behaviours() -> Sequence[Behaviour]:
    """Return what can be rewarded."""
    return tuple(_behaviours.values())


def behaviour(key: str) -> Behaviour:
    """Return a behaviour by key.

    Any kind of event that this installation knows is one too, by the key ``event:<kind>``: its own member earns.

    Raises:
        Refused: ``rule.behaviour`` when there is none, ``rule.loop`` when it is being paid.
    """
    if key.startswith("event:"):
        kind = key.removeprefix("event:")
        check_no_loop((kind,))
        type_ = event_types().get(kind)
        if type_ is not None:
            return Behaviour(key, type_.title, (kind,), by_amount=type_.value)
    found = _behaviours.get(key)
    if found is None:
        raise Refused("rule.behaviour", behaviour=key)
    return found


def check_no_loop(kinds: Sequence[str]) -> None:
    """Refuse kinds of events that the ledger itself writes.

    Raises:
        Refused: ``rule.loop``.
    """
    for kind in kinds:
        if kind.startswith(LEDGER_KINDS):
            raise Refused("rule.loop", kind=kind)
