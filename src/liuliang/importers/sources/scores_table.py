"""Answers to "how likely are you to recommend us", as form tools (问卷星, 腾讯问卷, 金数据, …) export them: CSV or XLSX, one row an answer."""

from __future__ import annotations

import re
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.cells import narrow, when
from liuliang.importers.clocks import DateOrder
from liuliang.importers.fields import clean
from liuliang.importers.lists import ListSource, ReadRow
from liuliang.importers.persons import NOTHING, person_of
from liuliang.importers.records import Record, ScoreRow
from liuliang.importers.tables import Layout
from liuliang.importers.text import unreadable
from liuliang.people.surveys import BEST

SYNONYMS = {
    "score": (
        "推荐意愿", "推荐意愿评分", "推荐分", "推荐分数", "推荐度", "推荐指数", "推荐可能性", "nps", "nps评分", "nps分数", "nps打分", "净推荐值",
        "您有多大可能向朋友推荐我们", "您有多大可能把我们推荐给朋友", "您有多大可能将我们推荐给朋友或同事", "你有多大可能向朋友推荐我们",
        "您向朋友或同事推荐我们的可能性有多大", "您愿意向朋友推荐我们吗", "您是否愿意把我们推荐给朋友", "评分", "打分", "分数", "得分", "nps score",
        "how likely are you to recommend us", "how likely are you to recommend us to a friend",
        "how likely are you to recommend us to a friend or colleague", "likelihood to recommend", "recommend", "score", "rating",
    ),
    "at": (
        "提交时间", "提交答卷时间", "答题时间", "填写时间", "答卷时间", "完成时间", "结束时间", "结束答题时间", "回答时间", "评分时间", "打分时间", "填表时间",
        "开始答题时间", "开始时间", "创建时间", "提交日期", "填写日期", "日期", "时间", "submitted at", "submit time", "submit date", "submission date",
        "answered at", "response date", "completed at", "end date", "timestamp", "date", "time",
    ),
    "comment": (
        "原因", "打分原因", "评分原因", "评价", "意见", "建议", "意见建议", "反馈", "留言", "评论", "说明", "备注", "为什么", "为什么打这个分", "您打这个分数的原因", "评语", "理由", "打分理由", "评分理由",
        "comment", "comments", "reason", "feedback", "why",
    ),
    "survey": ("问卷", "问卷名称", "问卷标题", "调查", "调查名称", "表单", "表单名称", "批次", "survey", "survey name", "form", "form name", "wave"),
    "group": ("社群", "社群名称", "群", "群名", "群名称", "群聊", "所在群", "所在社群", "group", "group name", "community", "chat"),
    "phone": (
        "手机号", "手机", "手机号码", "联系电话", "电话", "联系方式", "您的手机号", "会员手机号", "phone", "mobile", "phone number",
        "mobile number",
    ),
    "nickname": ("昵称", "微信昵称", "用户昵称", "会员昵称", "群昵称", "填写者", "提交人", "答题者", "填表人", "nickname", "username", "respondent", "user"),
    "name": ("姓名", "您的姓名", "名字", "真实姓名", "会员姓名", "客户姓名", "客户名称", "客户", "成员", "成员名称", "成员姓名", "会员", "用户", "name", "full name", "your name", "customer", "member"),
    "wxid": ("wxid", "微信号", "微信", "微信id", "您的微信号", "wechat", "wechat id"),
    "qq": ("qq号", "qq", "qq号码"),
    "openid": ("openid", "微信openid"),
    "unionid": ("unionid", "微信unionid"),
    "wecom_external": ("external_userid", "外部联系人id"),
    "email": ("邮箱", "电子邮箱", "您的邮箱", "email", "e-mail", "email address"),
}  # fmt: skip

TITLES: dict[str, str | Promise] = {
    "score": _("推荐意愿评分（0～10）"),
    "at": _("回答时间"),
    "comment": _("评分的原因"),
    "survey": _("问卷名称"),
    "group": _("社群"),
    "phone": _("手机号"),
    "nickname": _("昵称"),
    "name": _("姓名"),
    "wxid": _("微信号"),
    "qq": _("QQ 号"),
    "openid": _("微信 OpenID"),
    "unionid": _("微信 UnionID"),
    "wecom_external": _("企业微信外部联系人 ID"),
    "email": _("邮箱"),
}
"""What a column may be taken for, as a person chooses it."""

_NAMES = frozenset({"nickname", "name"})
_WHO = _NAMES | {"phone", "wxid", "qq", "openid", "unionid", "wecom_external", "email"}
_SCORE = re.compile(r"(\d{1,2})(?:\.0+)?\s*(?:分|/\s*10)?(?:\s*[^\d\s.,/%][^\d]*)?")
"""9, 9.0, 9 分, 9/10, and 10 with what a form says beside it: 10 (非常愿意). Not 9-10, 9.5 or 90 %."""


class ScoresTable(ListSource):
    """A list of answers."""

    key = "scores_table"
    title: str | Promise = _("推荐意愿评分表 (.xlsx, .csv)")
    kind: Literal["scores"] = "scores"
    field_titles = TITLES
    synonyms = SYNONYMS
    dates = frozenset({"at"})
    needed = ("score", "at")

    def confidence(self, known: frozenset[str]) -> float:
        """Say how sure the table holds answers: who, what score, when."""
        if "score" not in known or not known & _WHO:
            return 0.0
        return 0.9 if "at" in known else 0.6

    def reader(self, layout: Layout, order: DateOrder) -> ReadRow:
        """Return what reads an answer. A row whose person, score or time cannot be read is told as unreadable."""
        places = layout.places
        return lambda cells, number: filter(None, (_record(cells, number, places, order),))


def score_of(text: str) -> int | None:
    """Read a cell as a score from 0 to 10; None when it is none."""
    match = _SCORE.fullmatch(narrow(text))
    return None if match is None or int(match[1]) > BEST else int(match[1])


def _record(cells: list[str], number: int, places: dict[str, int], order: DateOrder) -> Record | None:
    """Return the answer of a row; None for a row without content."""
    said = {name: cells[column].strip() for name, column in places.items() if column < len(cells)}
    if not any(said.values()):
        return None
    person, score, at = person_of(said), score_of(said.get("score", "")), when(said.get("at", ""), order)
    if not person.name and not person.identities:
        reason, cell = "no_respondent", ""
    elif score is None:
        reason, cell = "bad_score", said.get("score", "")
    elif at is None:
        reason, cell = "bad_date", said.get("at", "")
    else:
        comment, survey, group = (_words(said.get(name, "")) for name in ("comment", "survey", "group"))
        return ScoreRow(person, at, score, survey, comment, group)
    return unreadable(number, reason, " | ".join(filter(None, (cell, ", ".join(cells)))))


def _words(text: str) -> str:
    return "" if text.lower() in NOTHING else clean(text)


SOURCE = ScoresTable()
