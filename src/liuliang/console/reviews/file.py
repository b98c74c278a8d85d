"""A review as a workbook: what changed, what stayed as usual, who explains it, what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.utils.translation import gettext as _

from liuliang.analytics.base import Style
from liuliang.console.analysis.cells import number_formats, number_of, unit_of, widen
from liuliang.console.reviews.telling import Line
from liuliang.ui.listing.export import plain_text

Number = tuple[float, Any]
"""A number as a cell holds it, with its format."""


def write_review(told: Mapping[str, Any]) -> IO[bytes]:
    """Return a file, at its beginning, with the sheets of a review; the caller closes it.

    Numbers are numbers: money in yuan, durations in seconds, shares and changes as fractions shown as percentages.
    """
    file = TemporaryFile()  # noqa: SIM115 - the answer closes what it sends
    book = xlsxwriter.Workbook(file, {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#f5f7fa", "bottom": 1})
    styles = number_formats(book)
    changes = {
        in_points: book.add_format({"num_format": f"+{told};-{told};{told}"})
        for in_points, told in ((False, "0.0%"), (True, f'0.0" {_("个百分点")}"'))
    }
    period = told["period"]
    _sheet(
        book, head, _("变化"),
        (
            _("指标"), _("上一期"), _("这一期"), _("单位"), _("变化"), _("95% 区间下限"), _("95% 区间上限"), _("结论"),
            _("怎么算"),
        ),
        (
            (
                line.title, *_values(styles, line.style, line.values), unit_of(line.style, line.unit),
                *_change(changes, line), _verdict(line), line.counted,
            )
            for line in (*told["changed"], *told["unsure"], *told["steady"])
        ),
    )  # fmt: skip
    _sheet(
        book, head, _("变化在哪里"), (_("指标"), _("群或成员"), _("名称"), _("上一期"), _("这一期"), _("单位"), _("说明")),
        (
            (
                line.title, kind, who.name, *_values(styles, line.style, who.values),
                unit_of(line.style, line.unit), who.usual,
            )
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
            (_("做什么"), _("按 {day} 的情况").format(day=told["todos_day"])),
            (_("怎么算"), told["review"].counted),
        ),
    )  # fmt: skip
    book.close()
    file.seek(0)
    return file


def _values(styles: Mapping[Style, Any], style: Style, values: Sequence[float | None]) -> list[Number | str]:
    return ["–" if value is None else (number_of(style, value), styles[style]) for value in values]


def _change(formats: Mapping[bool, Any], line: Line) -> list[Number | str]:
    """Return the change and the ends of its interval."""
    change = line.change
    if change is None:
        return ["–"] * 3
    scale, told = (100 if change.in_points else 1), formats[change.in_points]
    ends = (change.ratio, change.low, change.high)
    return ["–" if value is None or math.isinf(value) else (value * scale, told) for value in ends]


def _verdict(line: Line) -> str:
    if line.is_unsure:
        return _("说不准")
    return _("超出平常") if line.is_real else _("和平常一样")


def _sheet(book: Any, head: Any, title: str, columns: Sequence[str], rows: Iterable[Sequence[Number | object]]) -> None:
    sheet = book.add_worksheet(title)
    lines = [list(row) for row in rows]
    for at, column in enumerate(columns):
        sheet.write_string(0, at, column, head)
        widen(sheet, at, [column, *("0" * 12 if isinstance(line[at], tuple) else line[at] for line in lines)])
    sheet.freeze_panes(1, 0)
    for place, line in enumerate(lines, start=1):
        for at, value in enumerate(line):
            if isinstance(value, tuple):
                sheet.write_number(place, at, *value)
            else:
                sheet.write_string(place, at, plain_text(value))
