"""The member list of a shop system, one row a member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from liuliang.simulator.formats.tables import write_table

HEADER = (
    "会员编号", "昵称", "姓名", "手机号", "微信号", "QQ号", "性别", "生日",
    "城市", "会员等级", "注册时间", "标签", "备注",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member as the shop knows them; empty text where it does not. ``registered`` is local, to the second."""

    number: str
    nickname: str
    name: str
    phone: str
    wxid: str
    qq: str
    gender: str
    birthday: date | None
    city: str
    level: str
    registered: str
    tags: tuple[str, ...]
    note: str


def write(path: Path, lines: Iterable[MemberLine]) -> None:
    """Write the list to ``path`` (.xlsx or .csv)."""
    rows = (
        (
            line.number, line.nickname, line.name, line.phone, line.wxid, line.qq, line.gender, line.birthday,
            line.city, line.level, line.registered, "，".join(line.tags), line.note,
        )
        for line in lines
    )  # fmt: skip
    write_table(path, HEADER, rows, "会员")
