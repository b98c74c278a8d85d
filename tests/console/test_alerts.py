"""The pages of alerts: the preview before saving, what fires, who is told and writes what, and who may see."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as project
from django.urls import reverse

from liuliang.accounts.models import Staff
from liuliang.alerting.models import Alert, AlertOwner, Firing
from liuliang.console.alerts import letters
from liuliang.console.jobs import look_at_alerts
from liuliang.kernel import clock
from liuliang.mail.jobs import send_letter
from liuliang.mail.models import Letter
from liuliang.people.models import Community
from reading import text_of

ASKS = {"metric": "messages", "kind": "unusual", "direction": "down", "weeks": "8", "sensitivity": "usual"}


def tell_days(told, here, counts: list[int]) -> None:
    """Tell so many messages a day, the last of them yesterday."""
    ming = told.member("小明")
    today = clock.now().replace(hour=2, minute=0)
    for back, count in enumerate(reversed(counts), start=1):
        for number in range(count):
            told.says(ming, here, today - timedelta(days=back) + timedelta(minutes=number))
    told.settle()


def another_day(told) -> None:
    """Let a day go by in which only another group talks."""
    noisy = told.community("闹")
    told.says(told.member("小红"), noisy, clock.now() - timedelta(hours=20))
    told.says(told.member("小刚"), noisy, clock.now() - timedelta(hours=1))
    told.settle()


@pytest.fixture
def quiet(told):
    """A group of twenty messages a day, in which nobody but one spoke two days ago and 20 days ago."""
    here = told.community("读书群")
    counts = [20] * 80
    counts[-20] = counts[-2] = 1
    tell_days(told, here, counts)
    return here


def posted(browser_of, here: Community, **more):
    address = reverse("console:new-alert")
    owner = Staff.objects.get(email="owner@example.com").pk
    return browser_of.post(address, {**ASKS, "community": here.public_id, "owner": owner, **more})


def test_with_nothing_at_all_the_pages_say_how_to_begin(told, browser):
    owner = browser()

    assert "还没有预警" in text_of(owner.get(reverse("console:alerts")))
    assert "还没有任何聊天记录" in text_of(owner.get(reverse("console:new-alert")))


def test_the_preview_counts_and_names_the_days_before_anything_is_saved(quiet, browser):
    page = text_of(posted(browser(), quiet))

    assert "在过去 90 天会响 2 次" in page
    days = {(clock.now() - timedelta(days=back)).strftime("%m-%d") for back in (2, 20)}
    assert all(re.search(rf'scope="row">[^<]*{day}', page) for day in days), days
    assert not Alert.objects.exists()
    assert "在过去 90 天会响 80 次" in text_of(posted(browser_again(), quiet, kind="above", threshold="0"))


def browser_again():
    from django.test import Client

    client = Client()
    client.force_login(Staff.objects.get(email="owner@example.com"))
    return client


def test_a_threshold_that_never_fires_and_one_that_always_does_are_told(quiet, browser):
    owner = browser()

    never = text_of(posted(owner, quiet, kind="above", threshold="500"))
    assert "在过去 90 天会响 0 次" in never
    assert "最高是 20 条，从没超过" in never
    assert "太吵了" in text_of(posted(owner, quiet, kind="below", threshold="30"))
    assert "永远不会响" in text_of(posted(owner, quiet, kind="below", threshold="0"))
    assert "阈值要填一个数" in text_of(posted(owner, quiet, kind="below", threshold="很多"))


def test_thin_data_is_said(told, browser):
    here = told.community()
    tell_days(told, here, [9] * 12)
    owner = browser()

    assert "历史还不够" in text_of(posted(owner, here))
    assert "没有“响应时间”的数据" in text_of(posted(owner, here, metric="response_time", kind="below", threshold="5"))
    assert "只能定一个数" in text_of(posted(owner, here, metric="members"))


def test_an_alert_is_saved_looked_at_and_told_of_by_letter_once(quiet, told, browser, post):
    owner = browser()
    done = posted(owner, quiet, save="1", name="安静了", steps="发起话题\n私信骨干", duties="群主")
    alert = Alert.objects.get()
    assert done["Location"] == reverse("console:alert", args=[alert.public_id])

    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        another_day(told)
        look_at_alerts(timestamp=0)
        look_at_alerts(timestamp=0)
        for letter in Letter.objects.all():
            send_letter(letter=letter.pk)
            send_letter(letter=letter.pk)

        firing = Firing.objects.get()
        (taken,) = post.taken
        assert taken["To"] == "owner@example.com"
        assert taken["Subject"].startswith("【预警】安静了：读书群 ")
        text = taken.get_content()
        assert "消息 0 条，平常是 20" in text
        assert f"/alerts/{alert.public_id}/" in text
        assert "发起话题" in text
        assert "小明" not in text

        page = text_of(owner.get(reverse("console:alert", args=[alert.public_id])))
        assert "已发出" in page
        assert "1 条通知" in page
        owner.post(reverse("console:take-firing", args=[firing.public_id]), {"note": "补话题"})
        page = text_of(owner.get(reverse("console:alert", args=[alert.public_id])))
        assert "员工 接手" in page
        assert "补话题" in page
        assert "0 条通知" in page
        assert "响过，已处理" in text_of(owner.get(reverse("console:alerts")))


def test_without_a_mail_server_the_console_still_tells_and_says_how_to_set_one(quiet, told, browser):
    owner = browser()
    posted(owner, quiet, save="1")
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        another_day(told)
        look_at_alerts(timestamp=0)
        assert Firing.objects.count() == 1
        assert not Letter.objects.exists()
        assert "1 条通知" in text_of(owner.get(reverse("console:alerts")))
    settings = text_of(owner.get(reverse("console:alert-mail")))
    assert "LIULIANG_SMTP_HOST" in settings
    assert "LIULIANG_URL" in settings
    assert f"<strong>{project.PUBLIC_URL}</strong>" in settings
    assert "怎么设" in text_of(owner.get(reverse("console:new-alert")))


def test_a_letter_is_in_the_language_of_its_reader_and_only_for_who_may_still_see(quiet, told, browser, post):
    owner = browser()
    other = browser("community_owner", quiet)
    reader = Staff.objects.get(email="community_owner@example.com")
    reader.language = "en"
    reader.save()
    posted(owner, quiet, save="1", owner=[Staff.objects.get(email="owner@example.com").pk, reader.pk])
    alert = Alert.objects.get()
    assert alert.told.count() == 2
    blind = Staff.objects.create(email="x@example.com", name="外人", created_at=clock.now())
    AlertOwner.objects.create(alert=alert, staff=blind)

    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        another_day(told)
        look_at_alerts(timestamp=0)
        subjects = dict(Letter.objects.values_list("staff__email", "subject"))

    assert set(subjects) == {"owner@example.com", "community_owner@example.com"}
    assert "Alert" in subjects["community_owner@example.com"]
    assert letters.tell(at=clock.now()) == 0
    assert text_of(other.get(reverse("console:alert", args=[alert.public_id])))


def test_staff_set_alerts_only_where_and_on_what_they_may(told, browser):
    here, there = told.community("甲"), told.community("乙")
    tell_days(told, here, [9] * 40)
    helper = browser("partner", here)
    assert helper.get(reverse("console:new-alert")).status_code == 403
    mine = browser("content_officer", here)
    assert mine.get(reverse("console:new-alert")).status_code == 403
    keeper = browser("community_owner", here)
    page = text_of(keeper.get(reverse("console:new-alert")))
    assert there.public_id not in page
    staff = Staff.objects.get(email="community_owner@example.com").pk
    keeper.post(reverse("console:new-alert"), {**ASKS, "community": there.public_id, "owner": staff, "save": "1"})
    assert [each.community for each in Alert.objects.all()] == [here]


def test_each_group_is_looked_at_by_itself(told, browser):
    branch = told.community("品牌")
    Community.objects.filter(pk=branch.pk).update(is_group=False)
    first, second = told.community("甲群"), told.community("乙群")
    for each in (first, second):
        each.parent, each.path = branch, [branch.pk, each.pk]
        each.save()
    tell_days(told, first, [*[20] * 70, 0, 20])
    tell_days(told, second, [20] * 72)
    owner = browser()

    page = text_of(posted(owner, branch, each="1"))

    assert "在过去 90 天会响 1 次" in page
    assert "甲群" in page


def test_pages_ask_a_fixed_number_of_questions(quiet, browser, django_assert_max_num_queries):
    owner = browser()
    for number in range(12):
        posted(owner, quiet, save="1", name=f"第 {number} 个")
    owner.get(reverse("console:alerts"))
    with django_assert_max_num_queries(12):
        assert "第 11 个" in text_of(owner.get(reverse("console:alerts")))
