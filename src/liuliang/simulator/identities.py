"""What the files can tell of who is who: nobody can know more of a person than the exports say.

A person is one person to a reader of the files as far as ids tie their appearances together. WeChat, QQ and Telegram
show the account of whoever speaks, and only the name of whoever just came; the name leads to the account if that account
ever spoke in the same file. WhatsApp shows a telephone number or a name from an address book. The shop's lists tie
telephone numbers to wxids and QQ numbers. A name alone ties nothing across files.
"""

from __future__ import annotations

from collections import defaultdict

from liuliang.simulator.world import Community, Person, World

Token = tuple[str, str]
"""A kind of id and its value: ``("wxid", …)``, ``("qq", …)``, ``("telegram", …)``, ``("phone", …)``, ``("name in fans", …)``."""


def appearances(world: World) -> dict[int, list[set[Token]]]:
    """Return for each person in any file the sets of tokens that are tied together; one set if all are."""
    ties: dict[int, list[set[Token]]] = defaultdict(list)
    known = _known_accounts(world)
    for membership in world.memberships:
        community = world.communities[membership.community]
        person = world.people[membership.person]
        ties[person.key].append({_token(community, person, is_known=(community.key, person.key) in known)})
    for registration in world.registrations:
        person = world.people[registration.person]
        row: set[Token] = {("phone", person.phone)}
        if registration.knows_wxid:
            row.add(("wxid", person.wxid))
        if registration.knows_qq:
            row.add(("qq", person.qq))
        ties[person.key].append(row)
    for order in world.orders:
        if order.person is not None:
            row = {("phone", order.phone)}
            if order.wxid:
                row.add(("wxid", order.wxid))
            ties[order.person].append(row)
    return {key: _merged(rows) for key, rows in ties.items()}


def distinct_people(world: World) -> int:
    """Return how many people somebody counts who reads every file: those who cannot be tied count several times.

    Buyers who are in no community count by their telephone number.
    """
    strangers = {order.phone for order in world.orders if order.person is None}
    return sum(len(sets) for sets in appearances(world).values()) + len(strangers)


def _known_accounts(world: World) -> set[tuple[int, int]]:
    """Return (community, person) wherever the file shows the account and not only the name."""
    known = {(message.community, message.person) for message in world.messages}
    known |= {(community.key, community.exporter) for community in world.communities}
    for join in world.joins:
        # Telegram gives the account of whoever acts: those who follow a link, and those who invite.
        if world.communities[join.community].platform == "telegram" and join.is_told:
            actor = join.inviter if join.how == "invite" else join.person
            if actor is not None:
                known.add((join.community, actor))
    for leave in world.leaves:
        if world.communities[leave.community].platform == "telegram":
            known.add((leave.community, leave.person if leave.by is None else leave.by))
    return known


def _token(community: Community, person: Person, *, is_known: bool) -> Token:
    name = person.names[community.platform]
    if community.platform == "whatsapp":
        return ("phone", person.phone) if "+" in name else (f"name in {community.slug}", name)
    if not is_known:
        return (f"name in {community.slug}", name)
    return {
        "wechat": ("wxid", person.wxid),
        "qq": ("qq", person.qq),
        "telegram": ("telegram", person.telegram),
    }[community.platform]


def _merged(rows: list[set[Token]]) -> list[set[Token]]:
    merged: list[set[Token]] = []
    for row in rows:
        apart = [tokens for tokens in merged if not tokens & row]
        tied = [tokens for tokens in merged if tokens & row]
        merged = [*apart, row.union(*tied)]
    return merged
