"""关系: who talks with whom in a community, who holds it together, and who stands outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW
from liuliang.analytics import network as story
from liuliang.analytics.network import ROLES, Network, Role, Without
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.communities.dashboard import FOLDER, board_of
from liuliang.console.communities.dashboard_people import Face, faces
from liuliang.console.communities.editing import tabs
from liuliang.console.doors import StaffRequest, page
from liuliang.cultivation.finding import colleagues
from liuliang.kernel import clock
from liuliang.people.models import Community
from liuliang.ui import formats, networks

TITLES: dict[Role, str | Promise] = {
    "core": gettext_lazy("核心"),
    "bridge": gettext_lazy("桥"),
    "linked": gettext_lazy("连着的人"),
    "unheard": gettext_lazy("说了没人接"),
    "silent": gettext_lazy("没说过话"),
}
MEANINGS: dict[Role, str | Promise] = {
    "core": gettext_lazy("合起来占了一半往来的几个人"),
    "bridge": gettext_lazy("没有他们，有人就和大家断开，或者要绕路"),
    "linked": gettext_lazy("和别人有往来，不是核心也不是桥"),
    "unheard": gettext_lazy("说过话，和谁都没有成为往来：去接一句，或介绍给聊得来的人"),
    "silent": gettext_lazy("在群里，期内一句没说"),
}
_DRAWN: tuple[tuple[Role, str], ...] = (("core", "#0958d9"), ("bridge", "#e8912d"), ("linked", "#91a4bd"))


@dataclass(frozen=True, slots=True)
class Row:
    """A role, how many have it, and the way to them."""

    title: str | Promise
    meaning: str | Promise
    count: int
    url: str


@page(permission=ANALYTICS_VIEW)
def graph(request: StaffRequest, community: Community) -> HttpResponse:
    """Show the social graph of a community."""
    here = board_of(request, community)
    context: dict[str, object] = {**tabs(request, community, "community-graph"), "choice": here.choice}
    if here.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", context)
    found = story.network(here.scope, here.period)
    may_see = request.access.may(MEMBERS_VIEW, community)
    people = [*(node.member for node in found.nodes), *(each.member for each in found.without)]
    known = faces(people, may_see=may_see)
    helping = colleagues(clock.now()) if may_see else frozenset[int]()
    first, last = here.period.first.isoformat(), here.period.last.isoformat()
    query = f"community={community.public_id}&from={first}&to={last}"
    context |= {
        "network": found,
        "picture": _picture(found, known, helping),
        "rows": [
            Row(
                TITLES[role],
                _meaning(found, role),
                len(found.roles[role]),
                behind_url("graph", query, role=role) if may_see and found.roles[role] else "",
            )
            for role in ROLES
        ],
        "without": [
            (known[each.member], each, each.member in helping) for each in found.without if each.member in known
        ],
        "claim": _claim(found, known, helping),
        "is_telling": found.is_telling,
        "is_fragile": found.is_telling and found.weakest is not None and found.weakest.is_fragile,
        "without_definition": story.WITHOUT,
        "since": found.since,
    }
    return render(request, f"{FOLDER}/graph.html", context)


def _meaning(found: Network, role: Role) -> str:
    """Return what a role means; of bridges also how many are of the core, or the rows seem to add up to too many people."""
    both = len(set(found.roles["core"]) & set(found.roles["bridge"])) if role == "bridge" else 0
    if not both:
        return str(MEANINGS[role])
    return _("{meaning}；其中 {n} 人也数在核心里").format(meaning=MEANINGS[role], n=formats.exact(both))


def _claim(found: Network, known: Mapping[int, Face], helping: frozenset[int]) -> str:
    """Return the sentence about the single point of failure, or that there is none."""
    worst = found.weakest
    if worst is None:
        return _("这段时间还没有人和人说上话。")
    if not found.is_telling:
        return ngettext(
            "期内只有 {n} 对人有往来，太少，说不准离了谁会散。",
            "期内只有 {n} 对人有往来，太少，说不准离了谁会散。",
            found.ties,
        ).format(n=formats.exact(found.ties))
    name = known[worst.member].name if worst.member in known else _("一位成员")
    if not worst.is_fragile:
        return _("没有谁一走群就散：最要紧的是{name}，没有 TA {what}。").format(name=name, what=_what_goes(worst))
    told = _("群系于一人：没有{name}，{what}。").format(name=name, what=_what_goes(worst))
    if worst.member in helping:
        told += _("TA 是管群的人或同事：安排好替班和交接，再带出几个能接话的成员。")
    return told


def _named(name: str, *, is_helping: bool) -> str:
    return _("{name}（管群）").format(name=name) if is_helping else name


def _what_goes(worst: Without) -> str:
    said = [_("往来少 {share}").format(share=formats.percent(worst.ties, 0))]
    if worst.answers:
        said.append(_("{share} 的提问没人回答").format(share=formats.percent(worst.answers, 0)))
    if worst.cut_off:
        said.append(
            ngettext("{count} 个人和大家断开", "{count} 个人和大家断开", worst.cut_off).format(
                count=formats.exact(worst.cut_off)
            )
        )
    return formats.listed(said)


def _picture(found: Network, known: Mapping[int, Face], helping: frozenset[int]) -> networks.Network:
    most = max((node.strength for node in found.nodes), default=1)
    by_role = {role: place for place, (role, _colour) in enumerate(_DRAWN)}
    nobody = Face(_("一位成员"))
    return networks.Network(
        "graph",
        _("谁和谁在说话？"),
        [
            networks.Point(
                _named(known.get(node.member, nobody).name, is_helping=node.member in helping),
                node.x,
                node.y,
                node.strength / most,
                by_role[node.role],
                [formats.exact(node.strength), formats.exact(node.ties), formats.exact(node.answered)],
                known.get(node.member, nobody).url,
            )
            for node in found.nodes
        ],
        found.links,
        [(TITLES[role], colour) for role, colour in _DRAWN],
        [networks.Heading(_("往来")), networks.Heading(_("和几个人")), networks.Heading(_("回答"))],
        definition=story.GRAPH.counted,
        label_title=_("成员"),
        unit=_("画出往来最多的 {shown} 人，共 {all} 人有往来").format(
            shown=formats.exact(len(found.nodes)), all=formats.exact(found.people)
        ),
    )


def _role(parameters: QueryDict) -> Role:
    for role in ROLES:
        if role == parameters.get("role", ""):
            return role
    raise ValueError(parameters.get("role"))


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    role = _role(parameters)
    if len(ground.scope.communities) != 1 or ground.choice.known is None:
        return ()
    return story.network(ground.scope, ground.choice.period).roles[role]


declare(
    "graph",
    Crowd(
        lambda _access, parameters: _("关系：{role}").format(role=TITLES[_role(parameters)]),
        lambda _parameters: (),
        _members,
    ),
)
