"""The pages of forecasts, of the social graph and of candidates: with nothing, with little, with the invented brand."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.analytics.forecasts.forecast import Backtest
from liuliang.cultivation.models import Candidacy, PassedOver
from liuliang.kernel import clock
from liuliang.people.models import Membership
from liuliang.people.tagging import create_group, create_tag, tag_members
from liuliang.segments.models import Segment
from liuliang.segments.queries import members_of
from liuliang.simulator.simulation import simulate
from reading import people_in, text_of
from telling import ENDING, tell_shoppers, tell_world


@pytest.fixture
def simulated(told):
    return tell_world(told, simulate(ending=ENDING, days=40, people=80, communities=2))


@pytest.fixture
def shoppers(told):
    return tell_shoppers(told)


def groups_in(text: str) -> list[tuple[str, int]]:
    rows = re.findall(r'<td class="is-end"><a href="(/members/\?behind=[^"]+)">([\d,]+)</a></td>', text)
    return [(unescape(url), int(number.replace(",", ""))) for url, number in rows]


def test_pages_open_with_nothing_and_with_an_empty_community_and_say_what_to_do(told, browser):
    client = browser()
    assert "导入聊天记录" in text_of(client.get(reverse("console:predictions")))
    assert "现在没有人符合全部条件" in text_of(client.get(reverse("console:candidates")))
    group = told.community()
    told.settle()
    text_of(client.get(reverse("console:predictions")))
    text_of(client.get(reverse("console:community-graph", args=[group.public_id])))
    told.says(told.member(), group, clock.now() - timedelta(days=3))
    told.settle()
    assert "不给预测" in text_of(client.get(f"{reverse('console:predictions')}?subject=speaking"))
    assert "还没有人和人说上话" in text_of(client.get(reverse("console:community-graph", args=[group.public_id])))


def test_forecasts_tell_their_error_and_lead_to_the_people_they_count(shoppers, browser):
    client = browser()
    for subject in ("buying", "speaking"):
        text = text_of(client.get(f"{reverse('console:predictions')}?subject={subject}&horizon=30"))
        assert "靠得住吗" in text
        assert "回测" in text
        assert " style=" not in text
        groups = groups_in(text)
        assert groups
        for url, number in groups:
            assert people_in(client, url) == number
    one = people_of(client, groups[0][0])[0]
    assert "接下来 30 天" in text_of(client.get(reverse("console:member-forecast", args=[one])))


def test_numbers_that_the_test_told_too_low_are_marked_and_have_a_wider_range(shoppers, browser, monkeypatch):
    monkeypatch.setattr(Backtest, "people_ratio", 1.6)
    monkeypatch.setattr(Backtest, "times_ratio", 0.5)
    text = text_of(browser().get(f"{reverse('console:predictions')}?subject=buying&horizon=30"))
    figures = re.findall(r'figure-value".*?</div>', text, re.DOTALL)
    assert "多半偏低" in figures[0]
    assert "多半偏高" in figures[1]
    acting, low, high = (int(each) for each in re.findall(r"\d+", re.sub("<[^>]*>|,", "", figures[0]))[-3:])
    assert low < acting < round(acting * 1.6) <= high
    assert "模型在回测里的偏差" in text


def people_of(client, url: str) -> list[str]:
    return re.findall(r'<tr data-row="([^"]+)"', text_of(client.get(url)))


def test_who_may_not_see_orders_gets_no_forecast_of_buying(shoppers, browser):
    owner = browser()
    url, _number = groups_in(text_of(owner.get(f"{reverse('console:predictions')}?subject=buying")))[0]
    supervisor = browser("supervisor", shoppers)
    text = text_of(supervisor.get(f"{reverse('console:predictions')}?subject=buying"))
    assert 'value="buying"' not in text
    assert people_in(supervisor, url) == 0


@pytest.mark.parametrize(
    "query", ["subject=luck&horizon=7", "horizon=%00&subject=%00", "segment=&community=&horizon=99999999999"]
)
def test_nonsense_is_answered_clearly(simulated, browser, query):
    client = browser()
    text_of(client.get(f"{reverse('console:predictions')}?{query}"))
    group = simulated.communities[0].public_id
    text_of(client.get(f"{reverse('console:community-graph', args=[group])}?from=x&to=y&{query}"))
    text_of(client.get(f"{reverse('console:candidates')}?kind=luck&state=%00"))
    for behind in ("forecast?group=none", "forecast?", "graph?role=x", "graph?role=core", "candidates?kind=x"):
        assert client.get(f"{reverse('console:members')}?{urlencode({'behind': behind})}").status_code in {200, 409}


def test_the_graph_is_drawn_with_a_table_and_its_roles_lead_to_their_people(simulated, browser):
    client = browser()
    group = simulated.communities[0]
    text = text_of(client.get(reverse("console:community-graph", args=[group.public_id])))
    found = re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    drawn = json.loads(found[1])
    assert drawn["kind"] == "network"
    assert drawn["points"]
    assert drawn["lines"]
    assert " style=" not in text
    assert "没有谁会怎样" in text
    roles = groups_in(text)
    assert roles
    cells = re.findall(r'is-wrapping">[^<]*</td><td class="is-end">(?:<a [^>]*>)?([\d,]+)', text)
    both = re.search(r"其中 ([\d,]+) 人也数在核心里", text)
    tied = sum(int(each.replace(",", "")) for each in cells[:3]) - (int(both[1].replace(",", "")) if both else 0)
    assert f"共 {tied:,} 人有往来" in text, "whoever is core and bridge is counted once"
    for url, number in roles:
        assert people_in(client, url) == number
    assert "（管群）" not in text
    strongest = max(drawn["points"], key=lambda point: point["size"])["name"]
    Membership.objects.filter(community=group, member__name=strongest).update(role="owner", is_present=True)
    marked = text_of(client.get(reverse("console:community-graph", args=[group.public_id])))
    points = json.loads(re.search(r'<script type="application/json">(.*?)</script>', marked, re.DOTALL)[1])["points"]
    assert f"{strongest}（管群）" in [each["name"] for each in points]
    partner = browser("partner", group)
    hidden = text_of(partner.get(reverse("console:community-graph", args=[group.public_id])))
    assert "/members/" not in hidden.replace("/members/search", "")


def test_the_people_behind_a_number_are_kept_as_a_segment(shoppers, browser):
    client = browser()
    text = text_of(client.get(f"{reverse('console:predictions')}?subject=speaking"))
    url, number = groups_in(text)[0]
    chosen = url.partition("?")[2]
    dialog = text_of(client.post(reverse("console:members-keep"), {"all": chosen}))
    assert "人群名称" in dialog
    response = client.post(reverse("console:members-keep"), {"all": chosen, "name": "要挽回的人"})
    assert response.status_code == 200
    kept = Segment.objects.get(name="要挽回的人")
    assert kept.size == len(members_of(kept)) == number
    told = json.loads(response.headers["HX-Trigger"])["toast"]
    assert told["link"] == reverse("console:segment", args=[Segment.objects.get(name="要挽回的人").public_id])
    again = client.post(reverse("console:members-keep"), {"all": chosen, "name": "要挽回的人"})
    assert again.status_code == 422
    assert "已经有叫" in again.content.decode()


def test_candidates_are_found_added_and_moved(simulated, browser):
    client = browser()
    url = f"{reverse('console:candidates')}?kind=backbone"
    easy = {"active_days_30": "1", "messages_90": "1", "answered_90": "0"}
    criteria = reverse("console:candidate-criteria", args=["backbone"])
    tried = text_of(client.post(criteria, {**easy, "preview": "1"}))
    assert "按新条件会怎样" in tried
    assert client.post(criteria, {**easy, "save": "1"}).status_code == 302
    assert client.post(criteria, {**dict.fromkeys(easy, "0"), "save": "1"}).status_code == 422
    text = text_of(client.get(url))
    assert "×1.0 是刚好达到，×3.0 是每一条都到了 3 倍或更多" in text
    people = re.findall(r'name="member" value="([^"]+)"', text)
    assert people
    behind = re.search(r'href="(/members/\?behind=candidates[^"]+)">全部 ([\d,]+) 人', text)
    assert behind
    assert people_in(client, unescape(behind[1])) == int(behind[2].replace(",", ""))
    client.post(reverse("console:add-candidates", args=["backbone"]), {"member": people[:2]})
    assert Candidacy.objects.filter(kind="backbone").count() == 2
    one = Candidacy.objects.order_by("pk").first()
    for state in ("invited", "accepted", "followed"):
        assert client.post(reverse("console:move-candidate", args=[one.pk]), {"state": state}).status_code == 302
    assert client.post(reverse("console:move-candidate", args=[one.pk]), {"state": "invited"}).status_code == 409
    shown = text_of(client.get(f"{url}&state=followed"))
    assert "跟进中" in shown
    timeline = text_of(client.get(reverse("console:member", args=[one.member.public_id])))
    assert "斗士 · 跟进中" in timeline
    limited = browser("community_owner", simulated.communities[0])
    assert "人选由能看全部成员的人来找" in text_of(limited.get(url))
    assert limited.post(reverse("console:add-candidates", args=["backbone"])).status_code == 409


def test_a_group_that_hangs_on_a_colleague_says_so(told, browser):
    group, host = told.community(), told.member("主")
    circles = [[told.member(f"{side}{number}") for number in range(6)] for side in "左右"]
    begin = clock.now() - timedelta(days=3)
    pairs = [(one, other) for circle in circles for one in circle for other in circle if one is not other]
    pairs += [(host, circle[0]) for circle in circles for _turn in range(3)]
    for turn, (one, other) in enumerate(pairs):
        told.says(one, group, begin + timedelta(minutes=11 * turn), reply_member=other.id)
    told.settle()
    client = browser()
    address = reverse("console:community-graph", args=[group.public_id])
    assert "同事" not in text_of(client.get(address))

    tag = create_tag(create_group("自己人", is_exclusive=False), "同事账号", at=clock.now())
    tag_members([host.pk], tag, at=clock.now())
    PassedOver.objects.create(tag=tag)

    assert "群系于一人：没有主" in text_of(client.get(address))
    assert "TA 是管群的人或同事" in text_of(client.get(address))
