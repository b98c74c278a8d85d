"""The pages of health on the invented brand, on next to nothing and on nothing; who may see and decide what."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from liuliang.accounts.models import AuditEntry
from liuliang.analytics.models import HealthWeights, StageChoice
from liuliang.kernel import clock
from liuliang.people.models import Community
from liuliang.simulator.simulation import simulate
from reading import people_in, text_of
from telling import tell_world


@pytest.fixture
def simulated(told):
    return tell_world(told, simulate(ending=clock.now().date(), days=70, people=240, communities=4))


def group_page(client, community) -> str:
    return text_of(client.get(reverse("console:community-health", args=[community.public_id])))


def test_with_nothing_at_all_the_pages_say_how_to_begin(told, browser):
    owner = browser()
    assert "导入聊天记录" in text_of(owner.get(reverse("console:health")))

    empty, branch = told.community(), told.community("品牌")
    Community.objects.filter(pk=branch.pk).update(is_group=False)
    told.settle()

    assert "导入聊天记录" in text_of(owner.get(reverse("console:health")))
    assert "先做什么" in group_page(owner, empty)
    assert "看它下面的群" in group_page(owner, branch)


def test_ten_messages_are_too_few_to_be_green_or_red(told, browser):
    here, ming, hong = told.community(), told.member("小明"), told.member("小红")
    now = clock.now()
    for hour in range(5):
        told.says(ming, here, now - timedelta(days=2, hours=hour))
        told.says(hong, here, now - timedelta(days=2, hours=hour))
    told.settle()
    owner = browser()

    text = text_of(owner.get(reverse("console:health")))

    assert here.name in text
    assert 'class="score "' in text
    assert "第一次有记录才" in group_page(owner, here)


def test_the_list_holds_every_living_group_and_can_be_narrowed_and_exported(simulated, browser):
    owner = browser()
    names = [each.name for each in simulated.communities.values()]

    text = text_of(owner.get(reverse("console:health")))

    assert all(name in text for name in names)
    narrowed = text_of(owner.get(reverse("console:health"), {"q": names[0]}))
    assert names[0] in narrowed
    assert names[1] not in narrowed
    assert b"".join(owner.get(reverse("console:health"), {"export": "xlsx"}).streaming_content)[:2] == b"PK"
    Community.objects.filter(name=names[0]).update(archived_at=clock.now())
    assert names[0] not in text_of(owner.get(reverse("console:health")))


def test_the_numbers_of_a_group_lead_to_the_people_they_count(simulated, browser):
    owner = browser()
    for community in simulated.communities.values():
        text = group_page(owner, community)
        found = re.findall(r'href="(/members/\?behind=[^"]+)">([\d,]+)<', text)
        assert len(found) >= 3
        for url, count in found:
            assert people_in(owner, unescape(url)) == int(count.replace(",", "")), url


def test_a_dying_group_says_whom_to_move(told, browser):
    here = told.community("快散的群")
    people = [told.member(f"成员{number}") for number in range(40)]
    now = clock.now()
    for number, each in enumerate(people):
        for week in range(4):
            told.says(each, here, now - timedelta(days=30 + 7 * week, minutes=number))
    for each in people[:3]:
        told.says(each, here, now - timedelta(days=2))
    told.settle()
    owner = browser()

    text = group_page(owner, here)

    assert "死群" in text
    assert "先迁走这 3 人" in text
    url = unescape(re.search(r'class="btn btn-primary" href="(/members/[^"]+)"', text)[1])
    assert parse_qs(urlsplit(url).query)["behind"]
    assert people_in(owner, url) == 3
    assert "1 个死群" in text_of(owner.get(reverse("console:health")))


def test_staff_decide_the_stage_of_their_own_group_only(told, browser):
    here, elsewhere = told.community("我的群"), told.community("别人的群")
    for place in (here, elsewhere):
        told.says(told.member(), place, clock.now() - timedelta(days=3))
    told.settle()
    mine = browser("community_owner", here)
    address = reverse("console:community-stage", args=[here.public_id])

    assert mine.post(address, {"stage": "active", "reason": "老群搬来的"}).status_code == 302

    assert StageChoice.objects.get().stage == "active"
    assert "老群搬来的" in group_page(mine, here)
    assert AuditEntry.objects.get(action="community.staged").community == here.id
    assert mine.post(address, {"stage": "heaven"}).status_code == 422
    assert mine.post(address, {"stage": ""}).status_code == 302
    assert not StageChoice.objects.exists()
    assert (
        mine.post(reverse("console:community-stage", args=[elsewhere.public_id]), {"stage": "active"}).status_code
        == 404
    )
    assert "别人的群" not in text_of(mine.get(reverse("console:health")))
    assert mine.get(reverse("console:health-weights")).status_code == 409


def test_weights_are_set_for_everybody_and_can_be_put_back(told, browser):
    owner = browser()
    address = reverse("console:health-weights")
    chosen = {
        "growth": 0,
        "participation": 50,
        "depth": 10,
        "reciprocity": 0,
        "response": 10,
        "retention": 30,
        "conversion": 0,
    }

    assert "满分线" in text_of(owner.get(address))
    assert owner.post(address, {**chosen, "growth": 101}).status_code == 422
    assert owner.post(address, dict.fromkeys(chosen, 0)).status_code == 422
    assert owner.post(address, chosen).status_code == 302

    assert HealthWeights.objects.get().weights == chosen
    assert owner.post(address, {"restore": "1"}).status_code == 302
    assert HealthWeights.objects.get().weights["participation"] == 25


def test_whoever_may_not_see_orders_sees_no_conversion(simulated, browser):
    here = next(iter(simulated.communities.values()))

    text = group_page(browser("content_officer", here), here)

    assert "没有订单，或你看不到订单" in text
    assert "part%3Dconversion" not in text


def test_the_list_asks_a_fixed_number_of_questions(simulated, browser, django_assert_max_num_queries):
    owner = browser()
    text_of(owner.get(reverse("console:health")))
    with django_assert_max_num_queries(60):
        text_of(owner.get(reverse("console:health")))
