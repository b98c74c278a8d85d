"""A dashboard as a workbook: every number of every card, and how each is counted."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter
from django.http import QueryDict
from django.utils.translation import gettext as _

from liuliang.console import errors
from liuliang.console.analysis.cells import number_formats, number_of, unit_of
from liuliang.console.dashboards.drawing import draw, plain_title
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.face import Standing
from liuliang.console.dashboards.standing import Withheld, stand
from liuliang.dashboards.models import Card, Dashboard
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui.listing.export import plain_text

MOST_LINES = 5_000
"""Lines of one card at the most."""


def write_dashboard(access: Access, dashboard: Dashboard, cards: Sequence[Card], parameters: QueryDict) -> IO[bytes]:
    """Return a file, at its beginning, with what one reader sees of the cards; the caller closes it.

    Money is in yuan, durations in seconds, shares are fractions shown as percentages.
    """
    file = TemporaryFile()  # noqa: SIM115 - the answer closes what it sends
    book = xlsxwriter.Workbook(
        file, {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    head = book.add_format({"bold": True, "bg_color": "#f5f7fa", "bottom": 1})
    styles = number_formats(book)
    numbers = _sheet(
        book, head, _("数字"),
        (_("卡片"), _("社群"), _("从"), _("到"), _("哪一部分"), _("数"), _("单位"), _("95% 区间下限"), _("95% 区间上限"), _("上一期")),
    )  # fmt: skip
    words = _sheet(book, head, _("怎么算"), (_("卡片"), _("社群"), _("说明"), _("怎么算"), _("查询语句")))
    row = 0
    for place, card in enumerate(cards, start=1):
        standing = stand(access, card, parameters)
        title, drawn, why = _drawn(card, standing)
        where = "" if isinstance(standing, Withheld) else " · ".join(filter(None, (standing.place, standing.part)))
        told = (
            title,
            where,
            why or (drawn.note if drawn else ""),
            drawn.counted if drawn else "",
            "\n\n".join(drawn.sqls) if drawn else "",
        )
        for at, text in enumerate(told):
            words.write_string(place, at, plain_text(text))
        if drawn is None or isinstance(standing, Withheld):
            continue
        period = standing.ground.choice.period
        for line in drawn.lines[:MOST_LINES]:
            row += 1
            before = (title, where, period.first.isoformat(), period.last.isoformat(), line.part)
            for at, text in enumerate(before):
                numbers.write_string(row, at, plain_text(text))
            numbers.write_string(row, 6, plain_text(unit_of(line.style, drawn.unit)))
            for at, value in ((5, line.value), (7, line.low), (8, line.high), (9, line.before)):
                if value is not None:
                    numbers.write_number(row, at, number_of(line.style, value), styles[line.style])
    book.close()
    file.seek(0)
    return file


def _drawn(card: Card, standing: Standing | Withheld) -> tuple[str, Drawn | None, str]:
    """Return what a card is called, what is drawn of it, and, where nothing is, why."""
    if isinstance(standing, Withheld):
        return plain_title(card), None, standing.reason
    if standing.ground.choice.known is None:
        return plain_title(card), None, _("这些社群还没有数据。")
    try:
        drawn = draw(standing)
    except Refused as refusal:
        return plain_title(card), None, errors.sentence(refusal)
    return card.title or drawn.title, drawn, ""


def _sheet(book: Any, head: Any, title: str, columns: Sequence[str]) -> Any:
    sheet = book.add_worksheet(title)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, 18)
        sheet.write_string(0, at, column, head)
    sheet.freeze_panes(1, 0)
    return sheet
