"""The page of staying: what it claims, what it compares, and the people behind each number."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role
from liuliang.kernel import clock
from reading import people_in, text_of

PAGE = "/analysis/survival/"


@pytest.fixture
def groups(told):
    """A group whose people leave after four days, and one whose people stay; forty each came forty days ago."""
    short, long = told.community("快闪群"), told.community("老友群")
    came = clock.now() - timedelta(days=40, hours=1)
    for place in (short, long):
        for number in range(40):
            one = told.member(f"{place.name}{number}")
            told.joins(one, place, came)
            if place is short and number < 30:
                told.leaves(one, place, came + timedelta(days=4, hours=2))
    # What is recorded goes on until now.
    told.says(told.member("路人"), told.community("别处"), clock.now() - timedelta(days=1))
    told.settle()
    return short, long


def _lists(text: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="(/members/\?behind=survival[^"]+)"', text)]


def test_it_says_how_many_are_left_and_leads_to_them(groups, browser):
    client = browser()
    short, _long = groups
    text = text_of(client.get(f"{PAGE}?community={short.public_id}"))
    assert "来了 40 人，一半的人 5 天里就走了。" in text
    assert "25.0%" in text
    assert " style=" not in text
    found = {
        re.search(
            r"gone=(\d)(?:&within=(\d+))?", unescape(unescape(url)).replace("%3D", "=").replace("%26", "&")
        ).groups(): url
        for url in _lists(text)
    }
    assert {key: people_in(client, url) for key, url in found.items()} == {
        ("1", None): 30, ("0", None): 10, ("1", "7"): 30, ("1", "30"): 30,
    }  # fmt: skip


def test_groups_are_compared_and_exported(groups, browser):
    client = browser()
    text = text_of(client.get(f"{PAGE}?split=community"))
    assert "快闪群的人走得更快，老友群的人留得更久。" in text
    assert "走得快" in text
    rows = client.get(f"{PAGE}?split=community&export=csv").getvalue().decode("utf-8-sig").splitlines()
    assert [row.split(",")[:4] for row in sorted(rows[1:])] == [
        ["快闪群", "40", "比别的走得快", "30"],
        ["老友群", "40", "比别的留得久", "0"],
    ]


def test_without_anybody_or_without_leaving_it_says_what_to_do(groups, browser):
    client = browser()
    _short, long = groups
    assert "改成“沉默”看看" in text_of(client.get(f"{PAGE}?community={long.public_id}"))
    assert "一半的人 1 天里就走了" in text_of(client.get(f"{PAGE}?community={long.public_id}&end=silent"))
    first, last = ((clock.now() - timedelta(days=days)).date() for days in (38, 37))
    assert "没有人第一次进群" in text_of(client.get(f"{PAGE}?from={first}&to={last}"))
    # What cannot be understood takes its usual value.
    assert "来了 40 人" in text_of(client.get(f"{PAGE}?community={groups[0].public_id}&end=x&split=y"))


def test_who_may_not_see_members_gets_numbers_without_lists(groups, browser):
    short, _long = groups
    client = browser("analyst", short)
    Role.objects.filter(key="analyst").update(permissions=["analytics.view"])
    text = text_of(client.get(PAGE))
    assert "40" in text
    assert not _lists(text)


def test_what_happened_after_a_history_was_exported_is_not_taken_for_silence(told, browser):
    """Everybody came a hundred days ago and spoke every day, up to the end of the file fifty days ago."""
    group = told.community()
    for number in range(12):
        one = told.member(f"人{number}")
        told.joins(one, group, clock.now() - timedelta(days=100))
        for day in range(50, 100):
            told.says(one, group, clock.now() - timedelta(days=day))
    told.settle()
    client = browser()
    assert "来的人里还没有人沉默下来" in text_of(client.get(f"{PAGE}?end=silent"))
    told.says(told.member("路人"), told.community("别处"), clock.now() - timedelta(days=1))
    told.settle()
    days = f"from={(clock.now() - timedelta(days=110)).date()}&to={clock.now().date()}"
    assert "还没有人沉默" not in text_of(client.get(f"{PAGE}?end=silent&community={group.public_id}&{days}"))
