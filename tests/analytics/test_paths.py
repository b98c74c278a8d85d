from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.analytics.base import Asked
from liuliang.analytics.happenings import Happening
from liuliang.analytics.paths import END, OTHER, WIDEST, Link, Node, Question, members_on, paths, told
from liuliang.analytics.periods import Period
from liuliang.kernel.errors import Refused

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
UNTIL = datetime(2026, 3, 20, tzinfo=UTC)
JOINED, SAID, LEFT, BOUGHT = "member.joined", "message.sent", "member.left", "order.paid"


def asks(scope, origin, *, window=timedelta(days=3), **more) -> Question:
    return Question(Asked(scope, WEEK, UNTIL, "Asia/Shanghai"), Happening(origin), window, **more)


def test_what_people_do_after_and_before(told, at, only):
    here = told.community()
    talks, buys, silent, late = (told.member() for _ in range(4))
    for member in (talks, buys, silent, late):
        told.joins(member, here, at(2026, 3, 2, 9))
    for minute in range(5):
        told.says(talks, here, at(2026, 3, 2, 10, minute))
    told.buys(talks, at(2026, 3, 3, 9), 100)
    told.says(talks, here, at(2026, 3, 4, 9))
    told.buys(buys, at(2026, 3, 2, 11), 100)
    told.says(late, here, at(2026, 3, 6, 11))
    told.settle()

    found = paths(asks(only(here), JOINED))

    assert found.people == 4
    assert dict(found.commonest) == {(SAID, BOUGHT, SAID): 1, (BOUGHT,): 1, (): 2}
    assert Node(0, JOINED, 4) in found.nodes
    assert Node(1, END, 2) in found.nodes
    assert Link(1, SAID, BOUGHT, 1) in found.links
    assert members_on(asks(only(here), JOINED), 1, SAID) == (talks.id,)
    assert members_on(asks(only(here), JOINED), 1, END) == (silent.id, late.id)
    assert members_on(asks(only(here), JOINED), 99, SAID) == ()

    back = paths(asks(only(here), BOUGHT, direction="before"))
    assert dict(back.commonest) == {(SAID, JOINED): 1, (JOINED,): 1}
    hidden = paths(asks(only(here), JOINED, kinds=(JOINED, SAID)))
    assert dict(hidden.commonest) == {(SAID,): 1, (): 3}


def test_links_add_up_to_nodes_and_rare_kinds_are_one():
    kinds = [f"k{place}" for place in range(WIDEST + 3)]
    found = told([((kind,), 100 - place) for place, kind in enumerate(kinds)], "o")

    at_one = {node.kind: node.people for node in found.nodes if node.step == 1}
    assert len(at_one) == WIDEST + 1
    assert at_one[OTHER] == sum(100 - place for place in range(WIDEST, WIDEST + 3))
    for node in found.nodes:
        into = sum(link.people for link in found.links if (link.step + 1, link.target) == (node.step, node.kind))
        assert into == (node.people if node.step else 0)


def test_nothing_is_no_path_and_nonsense_is_refused(told, only):
    here = told.community()
    told.settle()
    empty = paths(asks(only(here), JOINED))
    assert (empty.people, empty.nodes, empty.links) == (0, (), ())
    for window in (timedelta(0), timedelta(days=400)):
        with pytest.raises(Refused, match=r"paths\.window"):
            asks(only(here), JOINED, window=window)
    with pytest.raises(Refused, match=r"happening\.unknown"):
        paths(replace(asks(only(here), JOINED), origin=Happening("nothing")))
