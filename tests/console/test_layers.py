from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path

from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.kernel import clock
from liuliang.segments.layering import dimensions
from liuliang.segments.standing import rules_of, work_out_layers
from reading import people_in, text_of
from telling import local


def shown(client) -> str:
    text = client.get(reverse("console:layers")).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text[text.index('id="layers"') :]))


def test_with_nobody_the_page_says_how_people_come_into_layers(told, browser):
    assert "还没有人可以分层" in shown(browser())


def test_until_layers_are_worked_out_the_page_says_so_and_looks_again_by_itself(told, browser):
    told.says(told.member(), told.community(), local(2026, 3, 9, 9))
    told.settle()
    client = browser()

    text = client.get(reverse("console:layers")).content.decode()

    assert "正在算每个人属于哪一层" in text
    assert 'hx-trigger="every 3s"' in text
    work_out_layers(at=clock.now())
    assert "every 3s" not in client.get(reverse("console:layers")).content.decode()


def test_layers_say_how_many_they_are_and_where_those_are(told, browser):
    group = told.community()
    for number in range(3):
        told.joins(told.member(f"在群{number}"), group, local(2026, 3, 1, 9))
    left = told.member("走了的")
    told.joins(left, group, local(2026, 3, 1, 9))
    told.leaves(left, group, local(2026, 3, 5, 9))
    told.buys(told.member("只下过单"), local(2026, 3, 5, 9), 100)
    told.settle()
    work_out_layers(at=clock.now())
    told.member("刚来的")

    text = shown(browser())

    assert "共 5 人：现在在群 3 人，已退出所有的群 1 人，只在名单或订单里 1 人" in text
    assert "之后新来的 1 人，下次算进来" in text


def test_every_move_of_unsaved_rules_opens_whom_it_would_move(told, browser):
    group = told.community()
    busy, quiet = told.member("天天说"), told.member("偶尔说")
    for who, days in ((busy, 9), (quiet, 2)):
        for day in range(days):
            told.says(who, group, local(2026, 3, 1 + day, 9))
    told.settle()
    work_out_layers(at=clock.now())
    client = browser()
    address = reverse("console:layer-rules", args=["activity"])
    held = {name: value.default for name, value in dimensions()["activity"].config.model_fields.items()}

    page = text_of(client.post(address, {**held, "core_days": "20", "preview": "1"}))

    (url,) = {unescape(each) for each in re.findall(r'href="(/members/\?behind=layer-move[^"]+)"', page)}
    listed = text_of(client.get(url))
    assert "天天说" in listed
    assert "偶尔说" not in listed
    assert "按没保存的新规则：核心 → 活跃" in listed
    assert rules_of(dimensions()["activity"]).core_days == held["core_days"]
    assert people_in(browser("supervisor", group), url) == 0
    assert "这个问题已经读不懂了" in text_of(client.get(url.replace("core_days%3D20", "core_days%3D-1")))
