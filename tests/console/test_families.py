"""The pages of families: made after a look, opened as lists, people asked over and noticed; who may see and do which."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse
from pyroaring import BitMap

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.families.jobs import look
from liuliang.families.models import Family, Invitation
from liuliang.kernel import clock
from liuliang.people.models import Grant
from liuliang.segments.models import LayerSet
from reading import people_in, text_of


@pytest.fixture
def brand(told):
    """Two groups of a brand; of six people in the big one three are of the core."""
    core, rest = told.community("核心群"), told.community("大群")
    people = [told.member(f"人{number}") for number in range(6)]
    for each in people:
        told.joins(each, rest, clock.now() - timedelta(days=30))
    told.settle()
    members = BitMap([each.id for each in people[:3]])
    LayerSet.objects.update_or_create(
        dimension="activity", layer="core", defaults={"members": members.serialize(), "size": 3}
    )
    return core, rest, people


def _form(core, rest, **more):
    return {
        "name": "阅读家族",
        "steady_days": "7",
        "name-0": "核心",
        "who-0": ["layer:activity:core"],
        "groups-0": [core.public_id],
        "invites-0": "1",
        "invitation-0": "来核心群吧",
        "name-1": "普通",
        "groups-1": [rest.public_id],
        **more,
    }


def _made(client, core, rest) -> Family:
    client.post(reverse("console:new-family"), {**_form(core, rest), "save": "1"})
    return Family.objects.get()


def test_a_family_is_made_after_a_look_that_keeps_nothing(brand, browser):
    client = browser()
    core, rest, _people = brand
    assert "还没有群家族" in text_of(client.get(reverse("console:families")))
    text = text_of(client.get(reverse("console:new-family")))
    assert all(words in text for words in ("核心", "活跃", "新人", "普通", "其余的人（一个都不选）"))
    looked = text_of(client.post(reverse("console:new-family"), {**_form(core, rest), "preview": "1"}))
    assert re.search(r"会是这样.*核心.*3.*0.*3.*普通.*3.*6.*–", looked, re.DOTALL)
    assert not Family.objects.exists()
    family = _made(client, core, rest)
    text = text_of(client.get(reverse("console:family", args=[family.public_id])))
    assert " style=" not in text
    assert "分层是「核心」" in text
    assert "来核心群吧" in text
    assert "正该在这里 3" in text
    lists = {unescape(url) for url in re.findall(r'href="(/members/\?behind=family[^"]+)"', text)}
    assert sorted(people_in(client, url) for url in lists) == [3, 3, 6]
    # What is shown to be changed is what was told.
    form = text_of(client.get(reverse("console:edit-family", args=[family.public_id])))
    assert 'value="阅读家族"' in form
    assert form.count(" checked>") == len(("core", "its group", "asks", "the other group", "an empty tier would ask"))


def test_asked_people_are_noticed_and_may_be_let_go(brand, browser, told):
    client = browser()
    core, rest, people = brand
    family = _made(client, core, rest)
    ask = reverse("console:invite-to-tier", args=[family.public_id])
    tier = family.tiers.get(place=0)
    one = {"tier": tier.pk, "group": core.public_id, "member": [people[0].public_id, people[5].public_id]}
    assert "记下了：请 1 人到“核心群”" in text_of(client.post(ask, one, follow=True))
    assert "记下了：请 2 人到“核心群”" in text_of(
        client.post(ask, {"tier": tier.pk, "group": core.public_id, "all": "1"}, follow=True)
    )
    assert "没有请人" in text_of(client.post(ask, one, follow=True))
    told.joins(people[0], core, clock.now())
    told.settle()
    rows = {row.member_id: row for row in Invitation.objects.all()}
    assert rows[people[0].id].state == "arrived"
    end = "console:end-family-invitation"
    assert client.post(reverse(end, args=[rows[people[1].id].pk]), {"how": "decline"}).status_code == 200
    assert client.post(reverse(end, args=[rows[people[2].id].pk]), {"how": "withdraw"}).status_code == 200
    text = text_of(client.get(reverse("console:family-invitations", args=[family.public_id])))
    assert all(words in text for words in ("人0", "来了", "人1", "不来", "人2", "撤回了"))
    text = text_of(client.get(reverse("console:family", args=[family.public_id])))
    assert "2 → 1" in text
    assert "1 人近 90 天说过不来" in text


def test_what_cannot_be_is_said_and_what_was_typed_stays(brand, browser):
    client = browser()
    core, rest, _people = brand
    new = reverse("console:new-family")
    for changed, words in (
        ({"name": " "}, "给家族起个名字"),
        ({"steady_days": "一周"}, "够格的天数要在 0 到 90 之间"),
        ({"who-0": ["layer:activity:gone"]}, "重新选一下"),
        ({"who-0": []}, "只能放在最后"),
        ({"groups-1": [core.public_id]}, "一个群只能在一档里"),
        ({"groups-1": ["nowhere"]}, "有的已经不在了"),
    ):
        answer = client.post(new, {**_form(core, rest, **changed), "save": "1"})
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "来核心群吧" in answer.content.decode()
    assert not Family.objects.exists()


def test_only_those_who_see_everybody_see_who_belongs_where(brand, browser):
    client = browser()
    core, rest, people = brand
    family = _made(client, core, rest)
    page = reverse("console:family", args=[family.public_id])
    of_one, of_both = browser("community_owner", core), browser("admin", rest)
    given = Grant.objects.get(community=rest)
    Grant.objects.create(staff=given.staff, role=given.role, community=core)
    assert of_one.get(page).status_code == 404
    text = text_of(of_both.get(page))
    assert "你看不到谁属于哪一档" in text
    assert people[0].name not in text
    tier = family.tiers.get(place=0)
    listed = text_of(of_one.get(reverse("console:members"), {"behind": f"family?tier={tier.pk}&part=belongs"}))
    assert family.name not in listed
    assert people[0].name not in listed
    asked = {"tier": tier.pk, "group": core.public_id, "all": "1"}
    of_both.post(reverse("console:invite-to-tier", args=[family.public_id]), asked)
    assert not Invitation.objects.exists()


def test_the_overview_names_families_in_which_people_should_move(brand, browser):
    client = browser()
    core, rest, _people = brand
    family = _made(client, core, rest)
    look(timestamp=0)
    text = text_of(client.get(reverse("console:attention")))
    assert "有人该换群的家族" in text
    assert reverse("console:family", args=[family.public_id]) in text
