"""The pages of circles: found, confirmed, changed by hand and undone; who may see and do which."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.kernel import clock
from liuliang.people.circles import form_circle, leader_of, people_in
from liuliang.people.models import Circle, Member
from liuliang.people.names import grams
from reading import people_in as listed_people
from reading import text_of


def tell_company(told):
    """Tell of a group in which four times five keep to themselves; return it with its people."""
    group = told.community()
    people = [told.member(f"人{number:02}") for number in range(20)]
    begin = clock.now() - timedelta(days=6)
    for each in people:
        told.joins(each, group, begin)
    for start in range(0, 20, 5):
        five = people[start : start + 5]
        for turn, one in enumerate(five):
            for step, other in enumerate(five):
                if one != other:
                    at = begin + timedelta(minutes=1_000 + 99 * turn + 7 * step + start)
                    told.says(one, group, at, reply_member=other.id)
    told.settle()
    return group, people


@pytest.fixture
def company(told):
    return tell_company(told)


def _page(group):
    return reverse("console:community-circles", args=[group.public_id])


def test_circles_that_are_found_open_as_a_list_and_are_confirmed_and_changed(company, browser):
    client = browser()
    group, people = company
    text = text_of(client.get(_page(group)))
    assert "数据里找到 4 个" in text
    assert " style=" not in text
    lists = [unescape(url) for url in re.findall(r'href="(/members/\?behind=circles[^"]+)"', text)]
    assert len(lists) == 4
    assert [listed_people(client, url) for url in lists] == [5] * 4
    five = [each.public_id for each in people[:5]]
    told = {"name": "手冲组", "member": five[:4], "leader": five[0]}
    made = client.post(reverse("console:form-circle", args=[group.public_id]), told)
    circle = Circle.objects.get()
    here = reverse("console:circle", args=[circle.public_id])
    assert made["Location"] == here
    assert (
        client.post(reverse("console:form-circle", args=[group.public_id]), {**told, "name": "又"}).status_code == 409
    )
    assert "已确认：手冲组" in text_of(client.get(_page(group)))
    shown = text_of(client.get(here))
    assert "圈子近来怎么样" in shown
    behind = re.search(r'href="(/members/\?behind=circle%3F[^"]+)"', shown)
    assert behind
    assert listed_people(client, unescape(behind[1])) == 4
    Member.objects.filter(pk=people[4].pk).update(name_grams=grams("人04"))
    found = text_of(client.get(here, {"q": "人04"}))
    assert "加进来" in found
    for name, member in (("add-to-circle", five[4]), ("take-from-circle", five[0]), ("add-to-circle", five[0])):
        client.post(reverse(f"console:{name}", args=[circle.public_id]), {"member": member})
    assert set(people_in(circle)) == {each.pk for each in people[:5]}
    client.post(reverse("console:change-circle", args=[circle.public_id]), {"name": "拿铁组", "leader": five[1]})
    circle.refresh_from_db()
    assert (circle.name, leader_of(circle)) == ("拿铁组", people[1].pk)
    client.post(reverse("console:disband-circle", args=[circle.public_id]))
    gone = text_of(client.get(here))
    assert "已解散" in gone
    assert "移出圈子" not in gone
    assert "拿铁组" in text_of(client.get(_page(group)))
    client.post(reverse("console:restore-circle", args=[circle.public_id]))
    circle.refresh_from_db()
    assert circle.disbanded_at is None


def test_somebody_gone_from_the_group_is_said_to_be(company, browser, told):
    group, people = company
    circle = form_circle(group, name="五", members=[each.pk for each in people[:5]], leader=None, at=clock.now())
    told.leaves(people[2], group, clock.now())
    told.settle()
    assert text_of(browser().get(reverse("console:circle", args=[circle.public_id]))).count("已退群") == 1


def test_a_group_too_small_and_a_group_where_all_talk_with_all_say_so(told, browser):
    client = browser()
    small = told.community("小群")
    assert client.get(_page(small)).status_code == 200
    people = [told.member() for _ in range(20)]
    told.says(people[0], small, clock.now() - timedelta(days=2))
    everybody = told.community("大家")
    for turn, one in enumerate(people):
        for step, other in enumerate(people):
            if one != other:
                at = clock.now() - timedelta(days=3) + timedelta(minutes=60 * turn + step)
                told.says(one, everybody, at, reply_member=other.id)
    told.settle()
    assert "分不清是小圈子还是碰巧" in text_of(client.get(_page(small)))
    assert "大家是混着聊的" in text_of(client.get(_page(everybody)))


def test_who_may_see_figures_alone_learns_of_circles_but_not_of_their_people(company, browser):
    group, people = company
    circle = form_circle(
        group, name="五", members=[each.pk for each in people[:5]], leader=people[0].pk, at=clock.now()
    )
    partner = browser("partner", group)
    text = text_of(partner.get(_page(group)))
    assert "圈子 1" in text
    assert not [each.name for each in people if each.name in text]
    assert partner.get(reverse("console:circle", args=[circle.public_id])).status_code == 403
    elsewhere = browser("community_owner", Circle.objects.get().community.__class__.objects.create(
        name="别处", type="interest", created_at=clock.now()
    ))  # fmt: skip
    assert elsewhere.get(reverse("console:circle", args=[circle.public_id])).status_code == 404
    leader = people[0].public_id
    posted = elsewhere.post(reverse("console:take-from-circle", args=[circle.public_id]), {"member": leader})
    assert posted.status_code == 404
    assert people_in(circle) == [each.pk for each in people[:5]]
    behind = f"{reverse('console:members')}?behind=circle%3Fcircle%3D{circle.public_id}"
    assert listed_people(elsewhere, behind) == 0


def test_only_people_of_the_group_can_be_put_into_its_circle(company, browser):
    client = browser()
    group, people = company
    circle = form_circle(group, name="五", members=[each.pk for each in people[:5]], leader=None, at=clock.now())
    stranger = Member.objects.create(name="外人", created_at=clock.now())
    client.post(reverse("console:add-to-circle", args=[circle.public_id]), {"member": stranger.public_id})
    assert len(people_in(circle)) == 5
    for name in ("add-to-circle", "take-from-circle"):
        gone = client.post(reverse(f"console:{name}", args=[circle.public_id]), {"member": "nobody"})
        assert gone.status_code == 409
