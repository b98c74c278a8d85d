"""Member lists as shops, forms and customer systems export them: CSV or XLSX, one row a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.cells import day, mails_of, narrow, phones_of, when
from liuliang.importers.clocks import DateOrder
from liuliang.importers.fields import clean
from liuliang.importers.lists import ListSource, ReadRow
from liuliang.importers.records import MemberRow, Person, Record
from liuliang.importers.tables import Layout
from liuliang.importers.text import unreadable

SYNONYMS = {
    "nickname": (
        "昵称", "微信昵称", "用户昵称", "会员昵称", "群昵称", "客户昵称", "粉丝昵称", "网名", "用户名", "会员名", "备注名", "nickname", "nick",
        "display name", "username", "screen name",
    ),
    "name": (
        "姓名", "名字", "真实姓名", "客户姓名", "会员姓名", "联系人", "联系人姓名", "客户名称", "客户", "学员姓名", "成员", "成员名称", "用户", "name",
        "full name", "fullname", "real name", "contact", "customer", "member",
    ),
    "phone": (
        "手机号", "手机", "手机号码", "电话", "联系电话", "联系方式", "电话号码", "移动电话", "手机号1", "会员手机号", "绑定手机", "注册手机号", "phone",
        "mobile", "phone number", "mobile number", "tel", "telephone", "cell", "cellphone",
    ),
    "email": ("邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址", "email", "e-mail", "mail", "email address"),
    "wxid": ("wxid", "微信号", "微信", "微信id", "微信账号", "wechat", "wechat id", "weixin"),
    "qq": ("qq号", "qq", "qq号码", "扣扣"),
    "openid": ("openid", "微信openid", "公众号openid", "小程序openid"),
    "unionid": ("unionid", "微信unionid"),
    "wecom_external": ("external_userid", "外部联系人id", "企业微信外部联系人id", "客户id(企业微信)"),
    "telegram": ("telegram", "telegram id", "telegram user id"),
    "joined_at": (
        "入群时间", "加入时间", "进群时间", "入群日期", "加群时间", "加入日期", "注册时间", "入会时间", "成为会员时间", "开卡时间", "添加时间", "创建时间",
        "注册日期", "入会日期", "报名时间", "joined", "joined at", "join date", "join time", "date joined", "registered", "created at",
        "registered at", "registration date", "signup date", "created", "添加日期", "关注时间", "首次关注时间",
    ),
    "role": ("角色", "群身份", "身份", "群角色", "职务", "role", "position"),
    "birthday": ("生日", "出生日期", "出生年月日", "出生年月", "birthday", "date of birth", "birth date", "dob"),
    "gender": ("性别", "gender", "sex"),
    "city": ("城市", "所在城市", "地区", "所在地", "所在地区", "常住地", "city", "town", "location", "region"),
    "tags": ("标签", "用户标签", "客户标签", "会员标签", "企业标签", "分组", "tags", "tag", "labels", "label", "groups"),
    "note": ("备注", "备注信息", "说明", "客户备注", "描述", "留言", "note", "notes", "remark", "remarks", "comment", "memo", "description"),
}  # fmt: skip

TITLES: dict[str, str | Promise] = {
    "nickname": _("昵称"),
    "name": _("姓名"),
    "phone": _("手机号"),
    "email": _("邮箱"),
    "wxid": _("微信号"),
    "qq": _("QQ 号"),
    "openid": _("微信 OpenID"),
    "unionid": _("微信 UnionID"),
    "wecom_external": _("企业微信外部联系人 ID"),
    "telegram": _("Telegram ID"),
    "joined_at": _("加入时间"),
    "role": _("角色"),
    "birthday": _("生日"),
    "gender": _("性别"),
    "city": _("城市"),
    "tags": _("标签"),
    "note": _("备注"),
}
"""What a column may be taken for, as a person chooses it."""

_NAMES = frozenset({"name", "nickname"})
_CONTACTS = frozenset({"phone", "email", "wxid", "qq", "openid", "unionid", "wecom_external", "telegram"})
_ACCOUNTS = ("wxid", "qq", "openid", "unionid", "wecom_external")
_DATES = frozenset({"joined_at", "birthday"})
_ATTRIBUTES = ("gender", "city")
_ROLES = {
    "群主": "owner", "owner": "owner", "拥有者": "owner", "管理员": "admin", "群管理员": "admin", "admin": "admin",
    "administrator": "admin", "群管": "admin", "成员": "", "群成员": "", "普通成员": "", "member": "", "会员": "",
}  # fmt: skip
_GENDERS = {
    **dict.fromkeys(("男性", "先生", "m", "male", "1"), "男"),
    **dict.fromkeys(("女性", "女士", "f", "female", "2"), "女"),
}
_UNKNOWN = frozenset(
    {"", "-", "--", "/", "无", "未知", "null", "none", "n/a", "na", "nan", "0", "暂无", "未填写", "保密"}
)
_SPLIT = re.compile(r"[,;、，；|\n]+")


class MembersTable(ListSource):
    """A list of members."""

    key = "members_table"
    title: str | Promise = _("成员名单 (.xlsx, .csv)")
    kind: Literal["members"] = "members"
    field_titles = TITLES
    synonyms = SYNONYMS
    dates = _DATES

    def confidence(self, known: frozenset[str]) -> float:
        """Say how sure the table is a member list."""
        if not known & (_NAMES | _CONTACTS):
            return 0.0
        if known & _CONTACTS:
            return 0.8 if len(known) > 1 else 0.5
        return 0.7 if len(known) > 2 else 0.4 if len(known) > 1 else 0.3

    def reader(self, layout: Layout, order: DateOrder) -> ReadRow:
        """Return what reads a person. A row that names nobody is told as unreadable."""
        places = layout.places
        others = [
            (header, column)
            for column, (header, name) in enumerate(zip(layout.headers, layout.fields, strict=True))
            if not name and header
        ]
        return lambda cells, number: _records(cells, number, places, others, order)


def _records(
    cells: list[str], number: int, places: dict[str, int], others: list[tuple[str, int]], order: DateOrder
) -> Iterator[Record]:
    """Yield the member a row names, and what of the row could not be read."""
    said = {name: clean(cells[column].strip()) for name, column in places.items() if column < len(cells)}
    if not any(said.values()) and not any(cells):
        return
    attributes: dict[str, str] = {}
    person = _person(said, attributes)
    if not person.name and not person.identities:
        yield unreadable(number, "no_member", ", ".join(cells))
        return
    joined_at, birthday = _dates(said, order)
    for name, found in (("joined_at", joined_at), ("birthday", birthday)):
        text = said.get(name, "")
        if found is None and text.lower() not in _UNKNOWN:
            attributes[name] = text
            if name == "joined_at":
                yield unreadable(number, "bad_date", text)
    for header, column in others:
        if column < len(cells) and (text := clean(cells[column].strip())):
            attributes.setdefault(header, text)
    role = said.get("role", "")
    tags = (tag.strip() for tag in _SPLIT.split(said.get("tags", "")))
    yield MemberRow(
        person,
        joined_at,
        _ROLES.get(role.lower(), role),
        attributes,
        tuple(dict.fromkeys(tag for tag in tags if tag.lower() not in _UNKNOWN)),
        said.get("note", ""),
        birthday,
    )


def _person(said: dict[str, str], attributes: dict[str, str]) -> Person:
    """Return who a row names; what is known beyond identities and the shown name goes into ``attributes``."""
    identities = [("phone", phone) for phone in phones_of(said.get("phone", ""))]
    for kind in _ACCOUNTS:
        account = narrow(said.get(kind, ""))
        if account.lower() in _UNKNOWN or "*" in account or (kind == "qq" and not account.isdecimal()):
            continue
        identities.append((kind, account))
    if (account := narrow(said.get("telegram", "")).removeprefix("user")).isdecimal() and account != "0":
        identities.append(("telegram", f"user{account}"))
    identities += [("email", mail) for mail in mails_of(said.get("email", ""))]
    nickname, name = said.get("nickname", ""), said.get("name", "")
    if nickname and name and nickname != name:
        attributes["name"] = name
    for key in _ATTRIBUTES:
        text = said.get(key, "")
        if text.lower() not in _UNKNOWN:
            attributes[key] = _GENDERS.get(text.lower(), text) if key == "gender" else text
    for kind in ("phone", "email"):
        # What looks like no number or address is kept as it is, because a person may make something of it.
        if said.get(kind, "").lower() not in _UNKNOWN and not any(found == kind for found, _value in identities):
            attributes[kind] = said[kind]
    return Person(nickname or name, tuple(identities))


def _dates(said: dict[str, str], order: DateOrder) -> tuple[datetime | None, date | None]:
    return when(said.get("joined_at", ""), order), day(said.get("birthday", ""), order)


SOURCE = MembersTable()
