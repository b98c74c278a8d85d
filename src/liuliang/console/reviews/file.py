"""A review as a workbook: what changed, what stayed as usual, who explains it, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from liuliang.ui.listing.export import plain_text


def write_review(told: Mapping[str, Any]) -> IO[bytes]:
    """Return a file, at its beginning, with the sheets of a review; the caller closes it."""
    file = TemporaryFile()  # noqa: SIM115 - the answer closes what it sends
    book = xlsxwriter.Workbook(file, {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bottom": 1})
    period = told["period"]
    _sheet(
        book, head, _("变化"), (_("指标"), _("上一期"), _("这一期"), _("变化"), _("95% 区间"), _("超出平常"), _("怎么算")),
        (
            (
                line.title, line.before, line.now, line.change.text if line.change else "–",
                line.change.interval if line.change else "–", _("是") if line.is_real else _("否"), line.counted,
            )
            for line in (*told["changed"], *told["steady"])
        ),
    )  # fmt: skip
    _sheet(
        book, head, _("变化在哪里"), (_("指标"), _("群或成员"), _("名称"), _("上一期"), _("这一期")),
        (
            (line.title, kind, who.name, who.before, who.now)
            for line in told["changed"]
            for kind, group in ((_("社群"), line.groups), (_("成员"), line.members))
            for who in group
        ),
    )  # fmt: skip
    _sheet(book, head, _("做什么"), (_("社群"), _("做什么")), ((each.place, each.text) for each in told["todos"]))
    _sheet(
        book, head, _("说明"), (_("条目"), _("内容")),
        (
            (_("范围"), told["title"]),
            (_("期间"), f"{period.first} ~ {period.last}"),
            (_("上一期"), f"{period.previous.first} ~ {period.previous.last}"),
            (_("怎么算"), told["review"].counted),
        ),
    )  # fmt: skip
    book.close()
    file.seek(0)
    return file


def _sheet(book: Any, head: Any, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    sheet = book.add_worksheet(title)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, 18)
        sheet.write_string(0, at, column, head)
    sheet.freeze_panes(1, 0)
    for place, row in enumerate(rows, start=1):
        for at, value in enumerate(row):
            sheet.write_string(place, at, plain_text(value))
