"""The pages of levels, badges, boards and penalties."""

from __future__ import annotations

import io
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role, Staff
from liuliang.kernel import clock
from liuliang.loyalty.growth import earn_growth
from liuliang.loyalty.honour import give_by_rules
from liuliang.loyalty.jobs import raise_members
from liuliang.loyalty.models import Award, Badge, Level, MemberLevel, Penalty
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Grant, Membership
from telling import local

NOW = local(2026, 3, 10, 12)

LADDER = {
    "level_key": ["", "", ""], "level_name": ["新芽", "常客", ""], "level_threshold": ["0", "100", ""],
    "level_keep": ["", "30", ""], "level_rights": ["", "生日礼\n专属价", ""],
}  # fmt: skip


def plain(response) -> str:
    assert response.status_code in {200, 422}, response.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


@pytest.fixture
def here(told):
    return told.community("山野读书会")


@pytest.fixture
def member(told, here):
    made = told.member("小满")
    Membership.objects.create(member=made, community=here, first_seen_at=NOW)
    return made


def test_without_levels_the_page_says_what_they_are_for(told, browser):
    assert "还没有等级" in plain(browser().get(reverse("console:levels")))


def test_the_ladder_is_previewed_saved_and_everybody_rises(told, member, browser):
    earn_growth([Reward(member.pk, 150, "gift:1")], at=NOW)
    told.settle()
    client, url = browser(), reverse("console:edit-levels")

    shown = plain(client.post(url, {**LADDER, "preview": "1"}))
    assert "– → 常客 1 人" in shown
    assert not Level.objects.exists()
    client.post(url, {**LADDER, "save": "1"})
    raise_members()
    assert MemberLevel.objects.get().level.name == "常客"
    page = plain(client.get(reverse("console:levels")))
    assert "生日礼" in page
    told.settle()
    text = plain(client.get(reverse("console:member", args=[member.public_id])))
    assert "成长值 150" in text
    assert "是常客" in text
    assert "得到 30 就保住，最近得到了 150" in text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"level_name": ["", "常客", ""]}, "要有名称"), ({"level_threshold": ["0", "很多", ""]}, "要填 0 以上的整数"),
        ({"level_threshold": ["100", "100", ""]}, "互不相同"), ({"level_name": ["", "", ""], "level_threshold": ["", "", ""]}, "至少要有一个"),
        ({"level_keep": ["50", "30", ""]}, "保级的要求不能越低"),
    ],
)  # fmt: skip
def test_a_ladder_that_makes_no_sense_says_what_to_mend(told, browser, change, sentence):
    assert sentence in plain(browser().post(reverse("console:edit-levels"), {**LADDER, **change, "save": "1"}))
    assert not Level.objects.exists()


def test_a_level_with_members_cannot_be_taken_away(told, member, browser):
    client, url = browser(), reverse("console:edit-levels")
    client.post(url, {**LADDER, "save": "1"})
    earn_growth([Reward(member.pk, 150, "gift:1")], at=NOW)
    first = Level.objects.get(name="新芽")
    form = {
        "level_key": [first.key], "level_name": ["新芽"], "level_threshold": ["0"], "level_keep": ["0"],
        "level_rights": [""], "save": "1",
    }  # fmt: skip
    assert "还有成员在“常客”这一级" in plain(client.post(url, form))


def test_the_wall_says_what_it_is_for_while_it_is_empty(told, browser):
    assert "荣誉墙还是空的" in plain(browser().get(reverse("console:honour")))


def test_a_badge_with_a_rule_says_how_many_it_means_and_is_given(told, here, member, browser):
    told.says(member, here, NOW - timedelta(hours=1))
    told.settle()
    client = browser()
    form = {
        "name": "开口就来", "description": "说过话的人", "icon": "flame", "community": here.public_id, "measure": "times",
        "behaviour": "speak", "at_least": "1", "is_active": "on",
    }  # fmt: skip
    assert "1 人" in plain(client.post(reverse("console:new-badge"), {**form, "preview": "1"}))
    client.post(reverse("console:new-badge"), {**form, "save": "1"})
    give_by_rules(at=NOW)
    wall = plain(client.get(reverse("console:honour")))
    assert "开口就来" in wall
    assert "小满" in wall
    assert "按规则" in wall
    assert "“做了多少次”" in plain(
        client.post(reverse("console:new-badge"), {**form, "name": "富", "measure": "growth", "save": "1"})
    )


def test_a_badge_is_given_by_hand_with_a_certificate_and_taken_back(told, here, member, browser):
    badge = Badge.objects.create(name="编辑", icon="book", community=here, created_at=NOW)
    told.settle()
    client = browser("community_owner", here)
    give = reverse("console:give-badge", args=[member.public_id])
    assert client.post(give, {"badge": str(badge.pk), "reason": "整理读书笔记"}).status_code == 302
    award = Award.objects.get()
    assert "整理读书笔记" in plain(client.get(reverse("console:member", args=[member.public_id])))
    picture = client.get(reverse("console:certificate", args=[award.pk]))
    assert picture["Content-Type"] == "image/png"
    Image.open(io.BytesIO(picture.content)).verify()
    assert "已经有“编辑”" in plain(client.post(give, {"badge": str(badge.pk), "reason": "再来"}))
    client.post(reverse("console:revoke-badge", args=[award.pk]))
    award.refresh_from_db()
    assert award.revoked_at is not None


def test_who_runs_one_community_gives_no_badge_of_everywhere(told, here, member, browser):
    badge = Badge.objects.create(name="全站之星", icon="star", created_at=NOW)
    client = browser("community_owner", here)
    give = reverse("console:give-badge", args=[member.public_id])
    assert client.post(give, {"badge": str(badge.pk), "reason": "x"}).status_code == 422
    assert client.get(reverse("console:badge", args=[badge.pk])).status_code == 404
    assert not Award.objects.exists()
    form = {"name": "群星", "icon": "star", "community": "", "measure": "", "is_active": "on", "save": "1"}
    assert client.post(reverse("console:new-badge"), form).status_code == 422


def test_a_board_ranks_by_what_is_chosen_in_the_place_that_is_chosen(told, here, member, browser):
    other = told.member("阿北")
    elsewhere = told.community("别处")
    for number in range(3):
        told.says(member, here, NOW - timedelta(hours=number + 1))
    told.says(other, elsewhere, NOW - timedelta(hours=1))
    earn([Reward(other.pk, 70, "gift:1")], at=NOW)
    told.settle()
    client, url = browser(), reverse("console:boards")

    by_points = plain(client.get(url))
    assert "阿北" in by_points
    assert "70" in by_points
    spoke = plain(client.get(url, {"by": "speak", "period": "week", "in": here.public_id}))
    assert "小满" in spoke
    assert "阿北" not in spoke
    near = plain(browser("community_owner", here).get(url))
    assert "得到的积分" not in near
    assert "别处" not in near
    assert "小满" in near


def test_who_may_see_nobody_sees_no_board(told, browser):
    nobody = browser("partner", told.community("空"))
    assert nobody.get(reverse("console:boards")).status_code == 403


def test_a_penalty_goes_from_proposal_to_appeal_to_being_lifted_by_somebody_else(told, here, member, browser):
    earn([Reward(member.pk, 100, "gift:1")], at=NOW)
    Penalty.objects.create(member=member, community=here, step="mute", reason="刷屏", at=clock.now())
    told.settle()
    client = browser("supervisor", here)
    punish = reverse("console:punish", args=[member.public_id])

    assert "下一步是“扣分”" in plain(client.get(punish))
    form = {"step": "deduct", "community": here.public_id, "reason": "发广告"}
    assert "大于 0" in plain(client.post(punish, form))
    client.post(punish, {**form, "points": "30"})
    row = Penalty.objects.get(step="deduct")
    assert balance_of(member.pk).available == 70
    client.post(reverse("console:appeal-penalty", args=[row.pk]), {"text": "那是朋友的店"})
    decide = reverse("console:decide-penalty", args=[row.pk])
    assert client.post(decide, {"answer": "不改", "uphold": "1"}).status_code == 409
    second = Staff.objects.create(email="second@example.com", name="第二人", created_at=NOW)
    Grant.objects.create(staff=second, role=Role.objects.get(key="supervisor"), community=here)
    client.force_login(second)
    assert "那是朋友的店" in plain(client.get(reverse("console:penalty", args=[row.pk])))
    assert "必填" in plain(client.post(decide, {"answer": "", "lift": "1"}))
    client.post(decide, {"answer": "查清了，不是广告", "lift": "1"})
    assert balance_of(member.pk).available == 100
    assert "已撤销" in plain(client.get(reverse("console:penalties")))


def test_penalties_of_another_community_are_not_there(told, here, member, browser):
    elsewhere = told.community("别处")
    row = Penalty.objects.create(member=member, community=elsewhere, step="warn", reason="别处的事", at=NOW)
    everywhere = Penalty.objects.create(member=member, step="warn", reason="到处的事", at=NOW)
    client = browser("supervisor", here)
    for each in (row, everywhere):
        assert client.get(reverse("console:penalty", args=[each.pk])).status_code == 404
    assert "别处的事" not in plain(client.get(reverse("console:penalties")))
    assert "别处的事" not in plain(client.get(reverse("console:member", args=[member.public_id])))


def test_the_blacklist_shows_on_the_member_page(told, here, member, browser):
    Penalty.objects.create(member=member, community=here, step="blacklist", reason="诈骗", at=NOW)
    told.settle()
    assert "在黑名单上" in plain(browser().get(reverse("console:member", args=[member.public_id])))
    assert "在黑名单上" not in plain(browser("helper").get(reverse("console:member", args=[member.public_id])))
