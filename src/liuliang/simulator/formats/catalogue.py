"""Every chat format by the key the importers give it, and the one way to write a file of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from liuliang.simulator.formats import (
    chatlog_json,
    discord_json,
    irc_log,
    qq_exporter_json,
    qq_txt,
    telegram_json,
    wechat_csv,
    weflow_json,
    whatsapp_txt,
)
from liuliang.simulator.formats.entries import Chat, Entry

_BATCH = 4096
"""Pieces joined before they are written: one write a message would cost more than making it."""


@dataclass(frozen=True)
class Format:
    """How a chat becomes a file. ``newline`` is what a line feed becomes in the file, as in `open`."""

    key: str
    suffix: str
    encoding: str
    newline: str
    render: Callable[[Chat, Iterable[Entry]], Iterator[str]]


FORMATS = {
    format_.key: format_
    for format_ in (
        Format("qq_txt", ".txt", qq_txt.ENCODING, qq_txt.NEWLINE, qq_txt.render),
        Format(
            "qq_exporter_json", ".json", qq_exporter_json.ENCODING, qq_exporter_json.NEWLINE, qq_exporter_json.render
        ),
        Format("weflow_json", ".json", weflow_json.ENCODING, weflow_json.NEWLINE, weflow_json.render),
        Format("wechat_csv", ".csv", wechat_csv.ENCODING, wechat_csv.NEWLINE, wechat_csv.render),
        Format("chatlog_json", ".json", chatlog_json.ENCODING, chatlog_json.NEWLINE, chatlog_json.render),
        Format("telegram_json", ".json", telegram_json.ENCODING, telegram_json.NEWLINE, telegram_json.render),
        Format("whatsapp_txt", ".txt", whatsapp_txt.ENCODING, whatsapp_txt.NEWLINE, whatsapp_txt.render),
        Format("discord_json", ".json", discord_json.ENCODING, discord_json.NEWLINE, discord_json.render),
        Format("irc_log", ".log", irc_log.ENCODING, irc_log.NEWLINE, irc_log.render),
    )
}


def write_chat(path: Path, key: str, chat: Chat, entries: Iterable[Entry]) -> Path:
    """Write ``entries`` to ``path`` in the format ``key``, as a stream. Return ``path``.

    A ``path`` that ends in ``.zip`` becomes an archive of one file, ``_chat.txt``, as WhatsApp on iOS makes it.
    """
    format_ = FORMATS[key]
    if path.suffix != ".zip":
        with path.open("w", encoding=format_.encoding, newline=format_.newline) as file:
            _write(file, format_.render(chat, entries))
        return path
    # An entry made from a name alone would carry the time of day, and two archives would differ.
    inside = ZipInfo("_chat.txt", (1980, 1, 1, 0, 0, 0))
    inside.compress_type = ZIP_DEFLATED
    with (
        ZipFile(path, "w") as archive,
        archive.open(inside, "w", force_zip64=True) as raw,
        TextIOWrapper(raw, encoding=format_.encoding, newline=format_.newline) as file,
    ):
        _write(file, format_.render(chat, entries))
    return path


def _write(file: TextIO, pieces: Iterator[str]) -> None:
    batch: list[str] = []
    for piece in pieces:
        batch.append(piece)
        if len(batch) >= _BATCH:
            file.write("".join(batch))
            batch.clear()
    file.write("".join(batch))
