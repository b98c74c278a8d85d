"""The pages of analysis on the invented brand, on ten rows, on nothing; and who may see whom behind a number."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW, ORDERS_VIEW, ensure_built_in_roles
from liuliang.analytics.base import metrics
from liuliang.console.analysis.metrics import write
from liuliang.kernel import clock
from liuliang.people.communities import archive_community
from liuliang.people.models import Grant, MemberTag, Tag, TagGroup
from liuliang.segments.services import create_list
from liuliang.simulator.simulation import simulate
from reading import people_in, text_of
from telling import ENDING, tell_world, told

__all__ = ["told"]

PAGES = (
    "console:retention",
    "console:funnel",
    "console:paths",
    "console:touches",
    "console:overlap",
    "console:metrics",
)


@pytest.fixture
def simulated(told):
    return tell_world(told, simulate(ending=ENDING, days=70, people=240, communities=4))


@pytest.fixture
def signed_in(told):
    ensure_built_in_roles(Role)

    def sign_in(role="", community=None) -> Client:
        number = Staff.objects.count()
        staff = Staff.objects.create(
            email=f"{number}@example.com", name="员工", is_owner=not role, created_at=clock.now(), password="!"
        )
        if role:
            Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=community)
        client = Client()
        client.force_login(staff)
        return client

    return sign_in


def refused(client: Client, url: str) -> str:
    """Return the page that says that what the address chose is gone."""
    answer = client.get(url)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "请重新选一个" in text
    return text


def links_behind(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="(/members/\?behind=[^"]+)"', text)]


def address(page: str, **query: str) -> str:
    return f"{reverse(page)}?{urlencode(query, doseq=True)}"


def test_pages_open_with_nothing_at_all_and_with_an_empty_community(told, signed_in):
    client = signed_in()
    for page in PAGES:
        assert "导入聊天记录" in text_of(client.get(reverse(page))) or page == "console:funnel"
    told.community()
    told.settle()
    for page in (*PAGES, "console:metrics-stage"):
        text_of(client.get(f"{reverse(page)}?stage=size"))
    for metric in metrics():
        text_of(client.get(reverse("console:metric", args=[metric.key])))


def test_the_cells_of_the_matrix_lead_to_the_people_they_count(simulated, signed_in):
    client = signed_in()
    world = simulated.world
    last = world.starting.fromordinal(world.starting.toordinal() + world.days - 1)
    for more in ({}, {"back": "stayed"}, {"began": "spoke"}, {"who": "gone"}):
        query = {"from": world.starting.isoformat(), "to": last.isoformat(), "unit": "week", **more}
        text = text_of(client.get(address("console:retention", **query)))
        cells = re.findall(r'title="[^"]*?人里 ([\d,]+) 人[^"]*"><a href="([^"]+)"', text)
        sizes = re.findall(r'is-end"><a href="(/members/[^"]+)">([\d,]+)</a>', text)
        assert cells
        assert sizes
        for number, url in cells[::7][:5]:
            found = people_in(client, unescape(url))
            if more.get("who") != "gone":
                assert found == int(number.replace(",", ""))
        for url, number in sizes[:2]:
            assert people_in(client, unescape(url)) == int(number.replace(",", ""))


def test_a_funnel_shows_who_was_lost_and_lists_them(simulated, signed_in):
    client = signed_in()
    query = {"kind": ["member.joined", "message.sent", "message.sent"], "window": "30d", "days": "90"}
    text = text_of(client.get(address("console:funnel", **query)))
    rows = re.findall(r'<td class="is-end"><a href="([^"]+)">([\d,]+)</a></td>', text)
    assert len(rows) >= 4
    for url, number in rows:
        assert people_in(client, unescape(url)) == int(number.replace(",", ""))
    for split in ("community", "type", "how"):
        parts = text_of(client.get(address("console:funnel", **query, split=split))).partition("哪一组走得更远")[2]
        assert "95%" in parts
        cells = re.findall(r'<a href="([^"]+)">(?:流失 )?([\d,]+)</a>', parts)
        assert len(cells) >= 2
        for url, number in cells[:6]:
            assert people_in(client, unescape(url)) == int(number.replace(",", "")), split
    compared = text_of(client.get(address("console:funnel", **{**query, "days": "30"}, compare="1")))
    assert "上一期" in compared
    without = text_of(client.get(address("console:funnel", **query, without="member.left")))
    assert "流失" in without


def test_the_funnel_s_form_is_edited_step_by_step(simulated, signed_in):
    client = signed_in()
    two = address("console:funnel", kind=["member.joined", "message.sent"])
    response = client.get(f"{two}&add=1")
    assert response.status_code == 302
    assert len(parse_qs(urlsplit(response["Location"]).query)["kind"]) == 3
    dropped = client.get(f"{response['Location']}&drop=0")
    assert parse_qs(urlsplit(dropped["Location"]).query)["kind"] == ["message.sent", "message.sent"]
    moved = client.get(f"{two}&up=1")
    assert parse_qs(urlsplit(moved["Location"]).query)["kind"] == ["message.sent", "member.joined"]
    assert re.search(r'name="drop" value="0" disabled', text_of(client.get(two)))
    part = client.get(f"{two}&add=1", headers={"HX-Request": "true", "HX-Target": "div#analysis"})
    assert "<html" not in part.content.decode()
    # The period stands in the page's head, and its links carry the steps that are asked now.
    assert re.search(
        r'<div id="asked-period" hx-swap-oob="true">.*?kind=message.sent&amp;kind=message.sent',
        text_of(part),
        re.DOTALL,
    )
    assert not re.search(r'name="drop" value="0" disabled', text_of(part))
    assert "add=" not in part["HX-Push-Url"]


@pytest.mark.parametrize(
    "query",
    [
        "kind=flying.saucer&kind=message.sent",
        "kind=message.sent",
        "&".join(["kind=message.sent"] * 20),
        "&".join(["kind=message.sent"] * 40),
        "kind=order.paid&property=amount&relation=at_least&value=many&kind=message.sent",
        "kind=message.sent&property=text&relation=at_least&value=%00&kind=message.sent",
        "kind=message.sent&kind=message.sent&window=forever&split=nothing&without=member.merged",
        "from=2999-01-01&to=2999-01-02&kind=%00",
        "from=1000-01-01&to=9999-12-31&add=999&drop=abc&up=-1",
        "unit=century&began=never&back=never&how=never&step=eon&split=%00",
    ],
)
def test_nonsense_is_answered_clearly(simulated, signed_in, query):
    client = signed_in()
    for page in (*PAGES, "console:metrics-stage"):
        response = client.get(f"{reverse(page)}?{query}&stage=size", follow=True)
        assert response.status_code == 200, page
    for metric in ("retention_7", "gmv", "response_time"):
        assert client.get(f"{reverse('console:metric', args=[metric])}?{query}").status_code == 200
    assert client.get(reverse("console:metric", args=["luck"])).status_code == 404
    assert client.get(f"{reverse('console:metrics-stage')}?stage=luck").status_code == 404


@pytest.mark.parametrize("choice", ["community=nowhere", "segment=none", "charge=99999"])
def test_a_choice_that_is_gone_is_refused_in_words_and_never_left_out(simulated, signed_in, choice):
    client = signed_in()
    for page in PAGES:
        assert refused(client, f"{reverse(page)}?{choice}")


def test_figures_of_orders_are_never_those_of_another_group_than_the_chosen_one(simulated, signed_in):
    mine, sold = simulated.communities[0], simulated.communities[1]
    client = signed_in("partner", mine)
    seller = Role.objects.create(key="seller", name="售卖", permissions=[ANALYTICS_VIEW, ORDERS_VIEW])
    Grant.objects.create(staff=Staff.objects.last(), role=seller, community=sold)
    whole = text_of(client.get(address("console:aarrr-stage", stage="revenue", days="70", community=sold.public_id)))
    assert re.search(r"<strong>¥[\d,.]+", whole)
    page = text_of(client.get(address("console:aarrr-stage", stage="revenue", days="70", community=mine.public_id)))
    assert "要能看订单才看得到" in page
    assert "¥" not in page
    stage = text_of(client.get(address("console:metrics-stage", stage="revenue", days="70", community=mine.public_id)))
    assert "¥" not in stage
    url = f"{reverse('console:metric', args=['gmv'])}?days=70&community={mine.public_id}"
    assert refused(client, url)
    review = text_of(client.get(address("console:reviews", unit="month", community=mine.public_id)))
    assert "¥" not in review


@pytest.mark.parametrize(
    "behind",
    [
        "nothing", "nothing?x=1", "retention?", "retention?start=x&age=y&unit=z", "retention?start=2026-01-01&age=99999&unit=day",
        "funnel?step=x", "funnel?step=99", "funnel?kind=flying.saucer&kind=a&step=1", "paths?step=1&on=%00", "paths?step=x",
        "metric?metric=luck", "metric?metric=active&start=never", "metric?metric=active&start=2026-02-01&part=x&split=community",
        "retention?start=2026-02-30", "x" * 9000,
    ],
)  # fmt: skip
def test_a_question_nobody_understands_finds_nobody_and_breaks_nothing(simulated, signed_in, behind):
    client = signed_in()
    response = client.get(address("console:members", behind=behind))
    assert response.status_code in {200, 409}
    if behind.startswith("nothing"):
        # An old link is not a list of everybody, to be tagged or exported.
        assert people_in(client, address("console:members", behind=behind)) == 0
        assert "这个问题已经读不懂了" in text_of(response)


def test_paths_lead_to_people_and_draw_without_styles(simulated, signed_in):
    client = signed_in()
    for query in ({"days": "90"}, {"days": "90", "kind": "message.sent", "direction": "before", "window": "30d"}):
        text = text_of(client.get(address("console:paths", **query)))
        assert 'class="flow"' in text
        assert " style=" not in text
        rows = re.findall(r'<td class="is-end"><a href="([^"]+)">([\d,]+)</a></td>', text)
        assert rows
        for url, number in rows[:4]:
            assert people_in(client, unescape(url)) == int(number.replace(",", ""))


def test_touches_before_buying_lead_to_the_buyers_and_say_what_is_missing(simulated, signed_in):
    client = signed_in()
    for query in ({}, {"words": "挂耳、冻干", "window": "30"}, {"product": "晨雾挂耳 10包装", "words": "挂耳"}):
        text = text_of(client.get(address("console:touches", days="90", **query)))
        assert " style=" not in text
        rows = re.findall(r'<td class="is-end"><a href="([^"]+)">([\d,]+)</a></td>', text)
        assert rows
        for url, number in rows:
            assert people_in(client, unescape(url)) == int(number.replace(",", ""))
    assert "没有一条群消息提到它" in text_of(client.get(address("console:touches", words="没人说过")))
    assert "一个字的叫法到处都是" in text_of(client.get(address("console:touches", words="豆")))
    for odd in ("touches?at=9", "touches?at=x", "touches?at=0&product=nothing%00"):
        assert people_in(client, f"{reverse('console:members')}?{urlencode({'behind': odd})}") == 0


def test_touches_are_for_who_may_see_orders(simulated, signed_in):
    assert signed_in("content_officer").get(reverse("console:touches")).status_code == 403
    assert "买之前见过" in text_of(signed_in("analyst").get(f"{reverse('console:touches')}?days=90"))


def test_every_metric_opens_in_every_way(simulated, signed_in):
    client = signed_in()
    for stage in ("size", "activity", "retention", "referral", "revenue", "service"):
        assert "<strong>" in text_of(client.get(address("console:metrics-stage", stage=stage, days="30")))
    for metric in metrics():
        for split in ("", *metric.dimensions):
            url = f"{reverse('console:metric', args=[metric.key])}?days=30&split={split}&step=week"
            text = text_of(client.get(url))
            assert str(metric.definition.title) in text
            assert "SELECT" in text
            for link in links_behind(text)[:2]:
                assert people_in(client, link) > 0


def test_every_metric_leads_to_as_many_people_as_it_says(simulated, signed_in):
    client = signed_in()
    for metric in metrics():
        text = text_of(client.get(f"{reverse('console:metric', args=[metric.key])}?days=30"))
        opened = re.findall(r'<a href="(/members/\?behind=[^"]+)">([^<]+?)(?: ([\d,]+))?</a>', text)
        assert opened or "–</strong>" in text, metric.key
        known = {str(side.title): side for side in metric.sides}
        for link, title, size in opened:
            found = people_in(client, unescape(link))
            assert title in text_of(client.get(unescape(link)))
            if size and known[title].is_by_place:
                assert 0 < found <= int(size.replace(",", "")), (metric.key, title)
                assert "名单可能比这个数短" in text
            elif size:
                assert found == int(size.replace(",", "")), (metric.key, title)


def test_activation_and_retention_open_to_those_who_stayed_and_those_who_did_not(simulated, signed_in):
    text = text_of(signed_in().get(address("console:aarrr-stage", stage="activation", days="30")))
    assert {"激活的人", "没激活的人", "说过话的人", "在群没说话的人"} <= set(
        re.findall(r">([^<\d]+?)(?: [\d,]+)?</a>", text)
    )
    text = text_of(signed_in().get(address("console:aarrr-stage", stage="retention", days="30")))
    assert {"留下的人", "没留下的人", "流失的人"} <= set(re.findall(r">([^<\d]+?)(?: [\d,]+)?</a>", text))


def test_who_may_not_see_members_is_told_why_no_list_is_offered(simulated, signed_in):
    role = Role.objects.create(name="只看数字", permissions=[ANALYTICS_VIEW])
    staff = Staff.objects.create(email="numbers@example.com", name="员工", created_at=clock.now(), password="!")
    Grant.objects.create(staff=staff, role=role)
    client = Client()
    client.force_login(staff)
    text = text_of(client.get(f"{reverse('console:metric', args=['retention_1'])}?days=30"))
    assert not links_behind(text)
    assert "要能看成员才看得到" in text


def test_metrics_stand_in_the_order_in_which_people_ask_for_them(simulated, signed_in):
    text = text_of(signed_in().get(address("console:metrics", days="30")))
    asked = ["谁在群里，谁来谁走", "谁在说话", "谁留了下来", "谁带来了人，谁愿意推荐", "谁买了什么", "提问有没有人答"]
    assert re.findall(r'card-title">([^<]+)<', text) == asked
    told = [key for key in re.findall(r"/analysis/metrics/(\w+)/", text) if key != "stage"]
    assert told[:6] == ["members", "joined", "left", "net", "speakers", "rate"]


def test_a_mean_of_people_has_no_hundredths():
    assert [write("mean", value) for value in (612.8, 99.96, 12.34, 0.0, None)] == ["613", "100.0", "12.3", "0.0", "–"]


def test_retention_asks_for_rows_with_people_enough_unless_told_otherwise(simulated, signed_in):
    client = signed_in()
    text = text_of(client.get(address("console:retention", days="30")))
    assert "多数行不到 30 人" in text
    assert re.search(r'<option value="(week|month)" selected>', text)
    asked = text_of(client.get(address("console:retention", days="30", unit="day")))
    assert '<option value="day" selected>' in asked
    assert "多数行不到 30 人" not in asked


def test_the_mean_of_retention_says_of_how_many_people_it_is(simulated, signed_in):
    page = signed_in().get(address("console:retention", days="30", unit="week"))

    means = page.context["matrix"].average
    row = re.search(r">走到的人</th>(.*?)</tr>", text_of(page), re.DOTALL)[1]
    assert re.findall(r">([\d,]+)</td>", row) == [f"{mean.seen:,}" for mean in means]
    hints = [each.hint for each in page.context["average"]]
    assert "其余的是估计" in hints[-1]
    assert "其余的是估计" not in hints[0]


def test_the_people_behind_a_number_are_tagged_and_exported(simulated, signed_in):
    client = signed_in()
    tag = Tag.objects.create(group=TagGroup.objects.create(name="留存"), name="要叫醒的", created_at=clock.now())
    query = {"kind": ["member.joined", "message.sent"], "days": "90"}
    text = text_of(client.get(address("console:funnel", **query)))
    url = next(link for link in links_behind(text) if "lost" in link)
    number = people_in(client, url)
    asked = urlsplit(url).query
    answer = client.post(reverse("console:members-tag"), {"all": asked, "tag": tag.pk})
    assert answer.status_code == 200
    assert MemberTag.objects.filter(tag=tag).count() == number > 0
    exported = client.get(f"{url}&export=csv")
    lines = b"".join(exported.streaming_content).decode().strip().splitlines()
    assert len(lines) == number + 1


def test_staff_of_one_community_see_its_people_alone(simulated, signed_in):
    mine, other = simulated.communities[0], simulated.communities[1]
    client, owner = signed_in("community_owner", mine), signed_in()
    query = {"kind": ["message.sent", "message.sent"], "days": "90"}
    whole = links_behind(text_of(owner.get(address("console:funnel", **query))))[0]
    here = links_behind(text_of(owner.get(address("console:funnel", **query, community=mine.public_id))))[0]
    there = links_behind(text_of(owner.get(address("console:funnel", **query, community=other.public_id))))[0]

    assert people_in(client, whole) == people_in(client, here) == people_in(owner, here) < people_in(owner, whole)
    # A community that one may not see cannot be chosen, and what one may see is not shown in its name.
    assert refused(client, there)
    for page in PAGES:
        assert other.name not in refused(client, f"{reverse(page)}?community={other.public_id}&split=community")
    partner = signed_in("partner", mine)
    assert not links_behind(text_of(partner.get(address("console:funnel", **query))))
    assert partner.get(whole).status_code == 403
    # Without orders one neither asks about them nor sees metrics of money.
    supervisor = signed_in("supervisor", mine)
    text = text_of(supervisor.get(address("console:funnel", kind=["order.paid", "message.sent"])))
    assert not links_behind(text)
    assert supervisor.get(reverse("console:metric", args=["gmv"])).status_code == 403
    assert "成交额" not in text_of(supervisor.get(address("console:metrics-stage", stage="revenue")))


@pytest.mark.parametrize("kind", ["points.spent", "level.reached", "commission.given", "order.paid"])
def test_what_one_may_not_see_is_not_told_by_a_funnel_or_paths_either(simulated, signed_in, kind):
    mine = simulated.communities[0]
    owner, supervisor = signed_in(), signed_in("supervisor", mine)
    for page, query in (
        ("console:funnel", {"kind": ["member.joined", kind], "property": ["", ""], "days": "90"}),
        ("console:paths", {"kind": kind, "days": "90"}),
    ):
        assert f'value="{kind}"' in text_of(owner.get(address(page, **query)))
        assert f'value="{kind}"' not in text_of(supervisor.get(address(page, days="90")))
        # Asked for by hand, it is asked of no community at all.
        text = text_of(supervisor.get(address(page, **query)))
        assert not links_behind(text)
        assert mine.name not in text


@pytest.mark.parametrize(
    ("property_", "relation", "value"), [("text", "contains", "的"), ("text", "is_not", "没人说过的话")]
)
def test_what_was_said_is_tried_out_by_nobody_who_may_not_see_members(simulated, signed_in, property_, relation, value):
    owner, partner = signed_in(), signed_in("partner", simulated.communities[0])
    asked = {"property": property_, "relation": relation, "value": value, "days": "90"}
    for page, kinds in (("console:funnel", ["message.sent", "message.sent"]), ("console:paths", ["message.sent"])):
        plain = {"kind": kinds, "days": "90"}
        assert 'value="text"' not in text_of(partner.get(address(page, **plain)))
        # Asked for by hand, it is asked of no community at all.
        told = text_of(partner.get(address(page, **plain | asked)))
        assert simulated.communities[0].name not in told
        assert simulated.communities[0].name in text_of(partner.get(address(page, **plain)))
        assert "没有人" not in text_of(owner.get(address(page, **plain | asked)))


def test_paths_tell_of_orders_only_where_all_communities_are_those_whose_orders_one_may_see(simulated, signed_in):
    one, other = simulated.communities[0], simulated.communities[1]
    client = signed_in("supervisor", other)
    staff = Staff.objects.get(pk=client.session["_auth_user_id"])
    Grant.objects.create(staff=staff, role=Role.objects.get(key="community_owner"), community=one)
    query = {"kind": "member.joined", "days": "90", "window": "90d"}
    title = "下单付款"

    def steps(**more):
        return text_of(client.get(address("console:paths", **query, **more))).partition("每一步有多少人")[2]

    assert title in steps(community=one.public_id)
    assert title not in steps(community=other.public_id)
    assert title not in steps()


def test_every_metric_opens_on_the_day_on_which_the_log_begins(told, signed_in):
    group, member = told.community(), told.member()
    told.joins(member, group, clock.now())
    told.says(member, group, clock.now())
    told.settle()
    client = signed_in()
    for metric in metrics():
        text_of(client.get(reverse("console:metric", args=[metric.key])))


def test_a_segment_narrows_every_page(simulated, signed_in):
    chosen = [member.id for key, member in simulated.members.items() if key % 4 == 0]
    segment = create_list("四分之一", chosen, community=None, at=clock.now())
    client, outsider = signed_in(), signed_in("community_owner", simulated.communities[0])
    query = {"kind": ["member.joined", "message.sent"], "days": "90"}
    url = links_behind(text_of(client.get(address("console:funnel", **query, segment=segment.public_id))))[0]
    whole = links_behind(text_of(client.get(address("console:funnel", **query))))[0]
    assert 0 < people_in(client, url) < people_in(client, whole)
    for page in PAGES:
        assert "四分之一" in text_of(client.get(address(page, segment=segment.public_id, days="90")))
        # A segment of everywhere is not for staff of one community: it is as if it did not exist.
        assert "四分之一" not in refused(outsider, address(page, segment=segment.public_id, days="90"))


def test_a_colleague_s_communities_narrow_every_page(simulated, signed_in):
    mine, other = simulated.communities[0], simulated.communities[1]
    client, colleague, outsider = signed_in(), signed_in("community_owner", mine), signed_in("community_owner", other)
    staff = Staff.objects.get(pk=colleague.session["_auth_user_id"])
    Staff.objects.filter(pk=staff.pk).update(name="阿桃")
    query = {"kind": ["member.joined", "message.sent"], "days": "90"}
    charged = links_behind(text_of(client.get(address("console:funnel", **query, charge=staff.pk))))[0]
    mine_alone = links_behind(text_of(client.get(address("console:funnel", **query, community=mine.public_id))))[0]
    whole = links_behind(text_of(client.get(address("console:funnel", **query))))[0]
    assert people_in(client, charged) == people_in(client, mine_alone) < people_in(client, whole)
    # Both narrow: what they are in charge of, of what was chosen.
    both = text_of(client.get(address("console:funnel", **query, charge=staff.pk, community=other.public_id)))
    assert not links_behind(both)
    for page in PAGES:
        assert f'value="{staff.pk}" selected>阿桃' in text_of(client.get(address(page, charge=staff.pk, days="90")))
        # Who works elsewhere is nobody whom one could choose.
        assert "阿桃" not in refused(outsider, address(page, charge=staff.pk, days="90"))


def test_a_cohort_that_the_period_cuts_is_called_by_its_days(simulated, signed_in):
    text = text_of(
        signed_in().get(address("console:retention", **{"from": "2026-02-11", "to": "2026-02-24", "unit": "week"}))
    )
    assert re.findall(r'<th scope="row">(2026[^<]*)</th>', text) == [
        "2026-02-23 ~ 02-24", "2026-02-16 ~ 02-22", "2026-02-11 ~ 02-15",
    ]  # fmt: skip


def test_a_page_asks_a_bounded_number_of_questions(simulated, signed_in, django_assert_max_num_queries):
    client = signed_in()
    for page in PAGES:
        client.get(reverse(page))
        with django_assert_max_num_queries(20):
            client.get(reverse(page))


def test_overlap_leads_to_who_is_in_both_and_exports_what_it_shows(simulated, signed_in, monkeypatch):
    monkeypatch.setattr("liuliang.analytics.overlap.FEWEST_SHARED", 1)
    client = signed_in()
    text = text_of(client.get(reverse("console:overlap")))
    assert "的人不止在一个群里" in text
    assert "近 90 天" in text
    assert " style=" not in text
    cells = re.findall(r'<td class="heat-\d+" title="[^"]*?：([\d,]+) 人"><a href="([^"]+)">', text)
    rows = re.findall(r'<td class="is-end"><a href="(/members/[^"]+)">([\d,]+)</a>', text)
    assert cells
    assert rows
    for number, url in [*cells[:4], *((number, url) for url, number in rows[:4])]:
        assert people_in(client, unescape(url)) == int(number.replace(",", ""))
    for kind in ("csv", "xlsx"):
        file = client.get(address("console:overlap", export=kind))
        assert file.status_code == 200
        assert b"".join(file.streaming_content)
    names = [each.name for each in simulated.communities.values()]
    lines = b"".join(client.get(address("console:overlap", export="csv")).streaming_content).decode("utf-8-sig")
    assert any(name in lines for name in names)
    assert "占甲" in lines
    assert text_of(client.get(address("console:overlap", q="没有这个群", verdict="taken")))
    for odd in ("overlap?places=9", "overlap?places=x", "overlap?one=1&other=1", "overlap?"):
        assert people_in(client, f"{reverse('console:members')}?{urlencode({'behind': odd})}") == 0


def test_a_verdict_on_who_went_over_leads_to_the_people_it_is_about(told, signed_in):
    home, new = told.community("老群"), told.community("新群")
    begin = clock.now() - timedelta(days=100)
    for number in range(70):
        one = told.member(f"人{number}")
        told.joins(one, home, begin - timedelta(days=1))
        goes = number < 35
        for day in range(number % 3, 100, 3):
            if not goes or day < 50 or day % 2:
                told.says(one, home, begin + timedelta(days=day))
        if goes:
            told.joins(one, new, begin + timedelta(days=50, minutes=number))
    told.settle()
    client = signed_in()
    text = text_of(client.get(reverse("console:overlap")))
    ((number, url),) = re.findall(r'title="(\d+) 人（进群 [^"]*"><a href="([^"]+moved%3D1)">', text)
    assert people_in(client, unescape(url)) == int(number) == 35


def test_overlap_shows_those_pairs_alone_of_which_both_may_be_seen(simulated, signed_in, monkeypatch):
    monkeypatch.setattr("liuliang.analytics.overlap.FEWEST_SHARED", 1)
    one, other, hidden, *_rest = simulated.communities.values()
    client = signed_in("analyst", one)
    alone = text_of(client.get(reverse("console:overlap")))
    assert "只有一个群" in alone
    assert hidden.name not in alone
    Grant.objects.create(staff=Staff.objects.latest("id"), role=Role.objects.get(key="analyst"), community=other)
    text = text_of(client.get(reverse("console:overlap")))
    lines = b"".join(client.get(address("console:overlap", export="csv")).streaming_content).decode("utf-8-sig")
    assert hidden.name not in text + lines
    assert one.name in lines
    # A question about what is not theirs names nobody, whoever wrote the address.
    for asked in (
        {"one": one.public_id, "other": hidden.public_id},
        {"one": hidden.public_id, "other": other.public_id},
    ):
        behind = {"behind": f"overlap?{urlencode(asked)}"}
        response = client.get(f"{reverse('console:members')}?{urlencode(behind)}")
        assert (
            response.status_code == 403 or people_in(client, f"{reverse('console:members')}?{urlencode(behind)}") == 0
        )
    elsewhere = signed_in("analyst", hidden)
    assert elsewhere.get(address("console:overlap", community=one.public_id)).status_code == 409


def test_overlap_leaves_out_groups_that_are_closed(told, signed_in):
    old, new = told.community("旧群"), told.community("新群")
    for member in [told.member(f"成员{n}") for n in range(6)]:
        told.joins(member, old, clock.now() - timedelta(days=50))
        told.joins(member, new, clock.now() - timedelta(days=40))
    told.settle()
    client = signed_in()
    assert "人大多重复" in text_of(client.get(reverse("console:overlap")))
    archive_community(old.id, at=clock.now() - timedelta(days=30))

    text = text_of(client.get(reverse("console:overlap")))

    assert "人大多重复" not in text
    assert "只有一个群" in text
    behind = {"behind": f"overlap?{urlencode({'one': old.public_id, 'other': new.public_id})}"}
    assert people_in(client, f"{reverse('console:members')}?{urlencode(behind)}") == 0


def test_overlap_names_nobody_to_those_who_see_figures_alone(simulated, signed_in, monkeypatch):
    monkeypatch.setattr("liuliang.analytics.overlap.FEWEST_SHARED", 1)
    Role.objects.create(key="figures", name="只看数", permissions=[ANALYTICS_VIEW])
    client = signed_in("figures")
    text = text_of(client.get(reverse("console:overlap")))
    assert "的人不止在一个群里" in text
    assert links_behind(text) == []
