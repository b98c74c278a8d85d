"""A review on paper: set by Typst, with the characters in use embedded, so that it reads the same everywhere.

What is told is bounded before it is set: a review has a fixed number of metrics, each with a few groups and members, and every
text is cut. Typst reads nothing but the template and the two typefaces, and asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from pylopdf_fonts_zh_cn import sans_path

from liuliang.loyalty.certificates import drawable
from liuliang.ui import formats

TEMPLATE = Path(__file__).with_name("review.typ")

LONGEST = 60
"""Characters of a name."""

LONGEST_TEXT = 600
"""Characters of an explanation."""


def write_review_pdf(told: Mapping[str, Any]) -> bytes:
    """Return the PDF of a review, of what its page shows."""
    return typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=[sans_path().parent],
        ignore_system_fonts=True,
        sys_inputs={"told": json.dumps(_told(told), ensure_ascii=False)},
    )


def _told(told: Mapping[str, Any]) -> dict[str, object]:
    period = told["period"]
    return {
        "language": (get_language() or "zh")[:2],
        "product": _("留量"),
        "title": _line(told["unit_words"]),
        "place": _line(told["title"]),
        "period": f"{formats.day(period.first)} ~ {formats.day(period.last)}"
        + ("" if told["is_over"] else f" · {_('还没过完')}"),
        "versus": _("与 {first} ~ {last} 相比；区间是 95% 的把握。").format(
            first=formats.day(period.previous.first), last=formats.day(period.previous.last)
        ),
        "note": _text(told["why_not"]),
        "changed": [_change(line) for line in told["changed"]],
        "unsure": [_change(line) for line in told["unsure"]],
        "steady": [_change(line) for line in told["steady"]],
        "todos": [{"place": _line(each.place), "text": _text(each.text)} for each in told["todos"]],
        "counted": _text(told["review"].counted),
        "words": {
            "changed": _("什么变了，变了多少？"),
            "calm": _("这一期还说不出变化。") if told["why_not"] else _("没有一项超出平常的波动。"),
            "groups": _("变化在这些群："),
            "members": _("变化最大的人："),
            "between": _("；"),
            "todos": _("接下来做什么？"),
            "todos_day": _("按 {day} 的情况").format(day=formats.day(told["todos_day"])) if told["todos_day"] else "",
            "unsure": _("说不准的"),
            "unsure_why": _(
                "记录太短或太少：区间里连减半或翻倍都有，或者看着像变了，但碰巧变成这样的可能不止百分之一。"
            ),
            "steady": _("其余的和平常一样"),
            "columns": [_("指标"), _("上一期"), _("这一期"), _("变化"), _("95% 区间")],
            "counted": _("怎么算的"),
        },
    }


def _change(line: Any) -> dict[str, object]:
    return {
        "title": _line(line.title),
        "before": _line(line.before),
        "now": _line(line.now),
        "unit": _line(line.unit),
        "change": line.change.text if line.change is not None else "–",
        "interval": line.change.interval if line.change is not None else "",
        "tone": line.change.tone if line.change is not None and line.is_real else "",
        "groups": _who(line.groups),
        "members": _who(line.members),
        "people": ""
        if line.people is None
        else _line(line.people.title) + _("：") + _("、").join(_line(name) or "?" for name, _url in line.people.few),
        "counted": _text(line.counted),
    }


def _who(parts: Sequence[Any]) -> list[str]:
    return [
        f"{_line(each.name) or '?'} {each.before} → {each.now}" + (f" ({each.usual})" if each.usual else "")
        for each in parts
    ]


def _line(text: object) -> str:
    """Return a text of one line, of what the typeface can draw."""
    return " ".join(drawable(str(text)).split())[:LONGEST]


def _text(text: object) -> str:
    return " ".join(drawable(str(text)).split())[:LONGEST_TEXT]
