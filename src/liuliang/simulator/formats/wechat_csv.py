"""The CSV that 留痕 (WeChatMsg) writes of a WeChat group: the columns of the client's own database.

The file names neither the group nor its id; ``Sender`` is the wxid of whoever spoke.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Chat, Entry, Said
from liuliang.simulator.formats.wechat_lines import sentence

ENCODING = "utf-8-sig"
NEWLINE = ""
"""Rows end in CRLF already; a line feed within a cell stays one."""

_COLUMNS = (
    "localId", "TalkerId", "Type", "SubType", "IsSender", "CreateTime",
    "Status", "StrContent", "StrTime", "Remark", "NickName", "Sender",
)  # fmt: skip
_TYPES = {
    "text": (1, 0),
    "image": (3, 0),
    "voice": (34, 0),
    "video": (43, 0),
    "sticker": (47, 0),
    "location": (48, 0),
    "card": (42, 0),
    "link": (49, 5),
    "file": (49, 6),
    "mini_program": (49, 33),
    "red_packet": (49, 2001),
    "transfer": (49, 2000),
}
_QUOTE = (49, 57)
_EMPTY_XML = {
    3: '<?xml version="1.0"?>\n<msg><img aeskey="" cdnthumburl="" length="184320" /></msg>',
    34: '<msg><voicemsg endflag="1" voicelength="4120" /></msg>',
    43: '<?xml version="1.0"?>\n<msg><videomsg playlength="12" length="1048576" /></msg>',
    47: '<msg><emoji type="2" md5="" width="240" height="240" /></msg>',
}


class _Line:
    """A place for the csv writer to leave the line it has made; it returns what ``write`` returns."""

    def write(self, line: str) -> str:
        return line


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file row by row."""
    row = csv.writer(_Line(), lineterminator="\r\n").writerow
    clock = LocalClock(chat.utc_offset)
    myself = chat.exporter.id
    yield str(row(_COLUMNS))
    for entry in entries:
        if isinstance(entry, Said):
            who = entry.who
            kind, subtype = _QUOTE if entry.reply_to and entry.kind == "text" else _TYPES[entry.kind]
            yield str(
                row(
                    (
                        entry.id, 3, kind, subtype, int(who.id == myself), entry.at,
                        "", _content(entry, kind, subtype), clock.stamp(entry.at), "", who.name, who.id,
                    )
                )
            )  # fmt: skip
        elif line := sentence(chat, entry):
            yield str(row((entry.id, 3, 10000, 0, 0, entry.at, "", line, clock.stamp(entry.at), "", "", "")))


def _content(entry: Said, kind: int, subtype: int) -> str:
    if kind == 1:
        return entry.text
    if kind == 49:
        return f"<msg><appmsg><title>{escape(entry.text)}</title><type>{subtype}</type></appmsg></msg>"
    return _EMPTY_XML.get(kind, f"<msg>{escape(entry.text)}</msg>")
