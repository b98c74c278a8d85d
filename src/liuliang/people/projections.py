"""Who is where, and when they were last heard: folds of the log in set-based SQL.

Every fold is a maximum, a minimum or a sum, so the order in which events arrive (a newer export before an older one)
does not change the result.
"""

from __future__ import annotations

from liuliang.people.folding import MemberTable

_SPOKE = "e.kind = 'message.sent'"
_JOINED = "e.kind = 'member.joined'"
_LEFT = "e.kind = 'member.left'"
_LISTED = "e.kind = 'member.listed'"
_ROLE = "(e.kind = 'member.role_changed' OR e.kind = 'member.listed' AND e.data->>'role' <> '')"


def _latest(field: str, at: str) -> str:
    """Return the SQL that keeps ``field`` as of the greatest ``at``; equal times take the greater value."""
    return (
        f"{field} = CASE WHEN known.{at} IS NULL OR excluded.{at} > known.{at} THEN excluded.{field}"
        f" WHEN excluded.{at} = known.{at} THEN greatest(known.{field}, excluded.{field}) ELSE known.{field} END"
    )


def _last(value: str, condition: str) -> str:
    """Return the SQL aggregate of ``value`` as of the last event that meets ``condition``."""
    return f"(array_agg({value} ORDER BY e.occurred_at DESC, {value} DESC NULLS LAST) FILTER (WHERE {condition}))[1]"


# Coming, going, lists and roles. Who invited and who has which role is known as of the last event that tells it, which needs
# the events in order: messages, nine of ten, have no part in that and are folded by a statement of their own.
_MOVED = f"""
INSERT INTO people_membership AS known
    (member_id, community_id, first_seen_at, first_joined_at, last_joined_at, last_left_at, last_listed_at,
     messages, inviter, how, role, role_at, source)
SELECT coalesce(m.canonical_id, m.id), e.community,
    min(e.occurred_at),
    min(e.occurred_at) FILTER (WHERE {_JOINED}),
    max(e.occurred_at) FILTER (WHERE {_JOINED}),
    max(e.occurred_at) FILTER (WHERE {_LEFT}),
    max(e.occurred_at) FILTER (WHERE {_LISTED}),
    0,
    {_last("(e.data->>'inviter')::int", _JOINED)},
    coalesce({_last("e.data->>'how'", _JOINED)}, ''),
    coalesce({_last("e.data->>'role'", _ROLE)}, ''),
    max(e.occurred_at) FILTER (WHERE {_ROLE}),
    min(split_part(e.source, ':', 1))
FROM kernel_event e
JOIN people_member m ON m.id = e.member
JOIN people_community c ON c.id = e.community
WHERE %s AND e.kind <> 'message.sent'
GROUP BY 1, 2
ORDER BY 1, 2
ON CONFLICT (member_id, community_id) DO UPDATE SET
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    first_joined_at = least(known.first_joined_at, excluded.first_joined_at),
    {_latest("inviter", "last_joined_at")},
    {_latest("how", "last_joined_at")},
    {_latest("role", "role_at")},
    last_joined_at = greatest(known.last_joined_at, excluded.last_joined_at),
    last_left_at = greatest(known.last_left_at, excluded.last_left_at),
    last_listed_at = greatest(known.last_listed_at, excluded.last_listed_at),
    role_at = greatest(known.role_at, excluded.role_at),
    source = least(known.source, excluded.source)
"""

# Summed up by whoever is recorded before anybody is looked up: the planner takes the newest end of the log for empty, and
# would look up the member of each message by itself.
_SAID = f"""
INSERT INTO people_membership AS known
    (member_id, community_id, first_seen_at, first_spoke_at, last_spoke_at, messages, how, role, source)
SELECT coalesce(m.canonical_id, m.id), said.community,
    min(said.first_at), min(said.first_at), max(said.last_at), sum(said.messages), '', '', min(said.source)
FROM (
    SELECT e.member, e.community, min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at, count(*) AS messages,
        min(split_part(e.source, ':', 1)) AS source
    FROM kernel_event e
    WHERE %s AND {_SPOKE}
    GROUP BY 1, 2
) AS said
JOIN people_member m ON m.id = said.member
JOIN people_community c ON c.id = said.community
GROUP BY 1, 2
ORDER BY 1, 2
ON CONFLICT (member_id, community_id) DO UPDATE SET
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    first_spoke_at = least(known.first_spoke_at, excluded.first_spoke_at),
    last_spoke_at = greatest(known.last_spoke_at, excluded.last_spoke_at),
    messages = known.messages + excluded.messages,
    source = least(known.source, excluded.source)
"""

_ACTIVITY = f"""
INSERT INTO people_activity AS known (member_id, first_seen_at, last_seen_at, last_spoke_at, messages)
SELECT coalesce(m.canonical_id, m.id), min(seen.first_at), max(seen.last_at), max(seen.last_spoke_at), sum(seen.messages)
FROM (
    SELECT e.member, min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at,
        max(e.occurred_at) FILTER (WHERE {_SPOKE}) AS last_spoke_at, count(*) FILTER (WHERE {_SPOKE}) AS messages
    FROM kernel_event e
    WHERE %s
    GROUP BY 1
) AS seen
JOIN people_member m ON m.id = seen.member
GROUP BY 1
ORDER BY 1
ON CONFLICT (member_id) DO UPDATE SET
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
    last_spoke_at = greatest(known.last_spoke_at, excluded.last_spoke_at),
    messages = known.messages + excluded.messages
"""


class MembershipProjection(MemberTable):
    """Fold joins, leaves, lists, roles and messages into `Membership`; inviter and way are those of the last join."""

    name = "people.membership"
    kinds = ("member.joined", "member.left", "member.listed", "member.role_changed", "message.sent")
    table = "people_membership"
    folds = (_MOVED, _SAID)


class ActivityProjection(MemberTable):
    """Fold everything that members did into `Activity`."""

    name = "people.activity"
    kinds = (
        "member.joined",
        "member.left",
        "member.listed",
        "member.renamed",
        "member.role_changed",
        "message.sent",
        "order.paid",
        "order.claimed",
    )
    table = "people_activity"
    folds = (_ACTIVITY,)
