"""The answers of a survey as a form tool exports them, one row an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from liuliang.simulator.formats.tables import write_table

HEADER = ("提交时间", "问卷名称", "微信昵称", "手机号", "您有多大可能将我们推荐给朋友或同事？", "打分原因")


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One answer; ``at`` is local, to the second."""

    at: str
    survey: str
    nickname: str
    phone: str
    score: int
    comment: str = ""


def write(path: Path, lines: Iterable[ScoreLine]) -> None:
    """Write the list to ``path`` (.xlsx or .csv)."""
    rows = ((line.at, line.survey, line.nickname, line.phone, line.score, line.comment) for line in lines)
    write_table(path, HEADER, rows, "答卷")
