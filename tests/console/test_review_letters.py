"""Reviews by mail: the latest period once, to whoever may see it, with a workbook that names no member."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from python_calamine import CalamineWorkbook

from liuliang.accounts.models import Staff
from liuliang.analytics.models import ReviewSubscription
from liuliang.console.jobs import send_reviews
from liuliang.kernel import clock
from liuliang.mail.jobs import send_letter
from liuliang.mail.models import Letter
from liuliang.people.models import Grant
from telling import local


@pytest.fixture
def fallen(told):
    """A group of two who wrote twenty messages a day until Sunday, two on Monday, and none since."""
    here = told.community("读书群")
    ming, hong = told.member("密友小明"), told.member("密友小红")
    today = clock.now().replace(hour=2)
    for back in range(40, 0, -1):
        for number in range(10 if back > 1 else 1):
            for who in (ming, hong):
                told.says(who, here, today - timedelta(days=back) + timedelta(minutes=number))
    told.settle()
    return here


def subscribed(client, here, unit: str = "week") -> ReviewSubscription:
    client.post(reverse("console:subscribe-review"), {"unit": unit, "community": here.public_id if here else ""})
    return ReviewSubscription.objects.get(unit=unit)


def test_the_review_of_a_week_that_is_over_is_sent_once(fallen, told, browser, post):
    """It is Tuesday 10 March; the week of 9 March is over on the 16th."""
    owner = browser()
    subscription = subscribed(owner, fallen)
    assert (subscription.community, str(subscription.sent_first)) == (fallen, "2026-03-02")
    send_reviews(timestamp=0)
    assert not Letter.objects.exists()

    with time_machine.travel(local(2026, 3, 16, 9), tick=False):
        told.says(told.member("小刚"), fallen, local(2026, 3, 16, 8))
        told.settle()
        for _again in range(2):
            send_reviews(timestamp=0)
        for letter in Letter.objects.all():
            send_letter(letter=letter.pk)

    (taken,) = post.taken
    assert taken["Subject"] == "【周复盘】读书群 2026-03-09 ~ 2026-03-15"
    text = taken.get_body().get_content()
    assert "消息" in text
    assert "start=2026-03-09" in text
    (part,) = taken.iter_attachments()
    assert part.get_filename() == "复盘-读书群-20260309-20260315.xlsx"
    book = CalamineWorkbook.from_filelike(io.BytesIO(part.get_content()))
    cells = [str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]
    assert "消息" in cells
    assert not [cell for cell in [*cells, text] if "小明" in cell or "小红" in cell]
    subscription.refresh_from_db()
    assert str(subscription.sent_first) == "2026-03-09"


def test_a_week_of_all_groups_is_over_when_it_is_over_where_they_are(told, browser, post):
    """On Monday morning in Shanghai it is Sunday still in New York: no letter may say that nothing was said on that day."""
    away = told.community("海外群", "America/New_York")
    said_at = local(2026, 3, 1, 12)
    told.says(told.member(), away, said_at)
    told.settle()
    with time_machine.travel(local(2026, 3, 16, 9), tick=False):
        assert str(subscribed(browser(), None).sent_first) == "2026-03-02"
        send_reviews(timestamp=0)
        assert not Letter.objects.exists()
    with time_machine.travel(local(2026, 3, 16, 13), tick=False):
        told.says(told.member("小刚"), away, local(2026, 3, 16, 12, 30))
        told.settle()
        send_reviews(timestamp=0)
    assert str(ReviewSubscription.objects.get().sent_first) == "2026-03-09"


def test_whoever_may_not_see_the_group_any_more_is_sent_nothing(fallen, told, browser, post):
    keeper = browser("community_owner", fallen)
    subscribed(keeper, fallen)
    Grant.objects.all().delete()

    with time_machine.travel(local(2026, 3, 16, 9), tick=False):
        told.says(told.member("小刚"), fallen, local(2026, 3, 16, 8))
        told.settle()
        send_reviews(timestamp=0)

    assert not Letter.objects.exists()


def test_one_subscribes_to_what_one_may_see_and_ends_only_ones_own(fallen, told, browser):
    there = told.community("乙群")
    keeper, owner = browser("community_owner", fallen), browser()
    address = reverse("console:subscribe-review")
    assert keeper.post(address, {"unit": "week", "community": there.public_id}).status_code == 409
    assert keeper.post(address, {"unit": "week", "community": ""}).status_code == 409
    mine = subscribed(keeper, fallen)
    keeper.post(address, {"unit": "week", "community": fallen.public_id})
    assert ReviewSubscription.objects.count() == 1

    page = keeper.get(reverse("console:reviews"), {"community": fallen.public_id}).content.decode()
    assert "读书群 · 每周 · 退订" in page
    end = {"subscription": mine.public_id}
    assert owner.post(reverse("console:unsubscribe-review"), end).status_code == 409
    keeper.post(reverse("console:unsubscribe-review"), end)
    assert not ReviewSubscription.objects.exists()
    assert Staff.objects.count() == 2


def test_who_subscribes_without_a_mail_server_is_told_that_letters_wait_for_one(fallen, browser):
    client = browser()
    subscribing = {"unit": "week", "community": fallen.public_id}

    text = client.post(reverse("console:subscribe-review"), subscribing, follow=True).content.decode()

    assert "已订阅，但还没有设邮件服务器" in text
    assert "已订阅：下一期过完就寄到" not in text
    assert reverse("console:alert-mail") in text


def test_who_subscribes_with_a_mail_server_is_told_when_the_letter_comes(fallen, browser, post):
    del post
    subscribing = {"unit": "week", "community": fallen.public_id}

    text = browser().post(reverse("console:subscribe-review"), subscribing, follow=True).content.decode()

    assert "已订阅：下一期过完就寄到" in text
