"""Write very large histories, for benchmarks: as a stream, with memory that does not grow with the file.

The talk is drawn line by line from a pool instead of being played out, and everybody is always there; what matters is
that every kind of line is present in about the share that real groups have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from liuliang.simulator import brand, names
from liuliang.simulator.formats.catalogue import write_chat
from liuliang.simulator.formats.entries import Came, Chat, Entry, Kind, Said, TookBack, Who
from liuliang.simulator.phrases import coffee, service, small_talk, trade
from liuliang.simulator.wording import Wording

STARTS_AT = 1_735_660_800
"""1 January 2025 in the brand's time zone."""

_DAY = 86_400
_POOL = 20_000
_DRAWS = 1 << 16
_KINDS: tuple[Kind, ...] = ("image", "sticker", "voice", "video", "file", "red_packet")
_ID_LENGTHS = {"qq": 10, "telegram": 10, "discord": 18}


def write_bulk(path: Path, format_key: str, messages: int, people: int, seed: int) -> Path:
    """Write a chat of ``messages`` entries by ``people`` people to ``path`` and return it.

    Time runs evenly over a year from `STARTS_AT`; over one day in an IRC log, whose day is in the file's name. The same
    arguments give the same bytes.

    Raises:
        KeyError: if there is no such format.
        ValueError: without at least one message and two people.
    """
    if messages < 1 or people < 2:
        raise ValueError("a history needs messages, and two people to exchange them")
    random = Random(f"{seed}:bulk:{format_key}")  # noqa: S311 - invented people keep no secrets
    everybody = _people(format_key, people, random)
    exporter = everybody[0]
    platform = _platform(format_key)
    chat = Chat(
        id={"qq": "687001234", "wechat": "45012345678@chatroom", "irc": "wuting"}.get(platform, "1586019242"),
        title="wuting" if platform == "irc" else f"{brand.NAME}大群",
        exporter=exporter,
        exported_at=STARTS_AT + 366 * _DAY,
        utc_offset=brand.UTC_OFFSET,
        messages=messages,
    )
    span = _DAY if platform == "irc" else 365 * _DAY
    return write_chat(path, format_key, chat, _entries(everybody, _texts(random), messages, span, random))


def _platform(format_key: str) -> str:
    if format_key in {"weflow_json", "wechat_csv", "chatlog_json"}:
        return "wechat"
    return format_key.partition("_")[0]


def _people(format_key: str, count: int, random: Random) -> list[Who]:
    platform = _platform(format_key)
    namer = names.Namer(random)
    people = []
    for number in range(count):
        name = f"member{number:06d}" if platform == "irc" else namer.take()
        if platform == "wechat":
            account = f"wxid_{number:012d}22"
        else:
            account = str(10 ** (_ID_LENGTHS.get(platform, 9) - 1) + number * 7919)
        people.append(Who(account, name, "owner" if number == 0 else ""))
    return people


def _texts(random: Random) -> list[str]:
    """Return a pool of things to say: a third of them short reactions, the rest filled phrases."""
    dialogues = (*small_talk.SMALL_TALK, *coffee.BREWING, *coffee.GEAR, *trade.ARTICLES, *trade.SHOWINGS)
    phrases = [turn[1:] for dialogue in dialogues for turn in dialogue if turn[1:] != "P"]
    phrases += [question for question, _, _ in service.QUESTIONS] + [answer for _, answer, _ in service.QUESTIONS]
    phrases += [*coffee.CHECK_IN_LINES, *trade.OFFER_ECHOES, *trade.OFFERS]
    return [
        random.choice(small_talk.REACTIONS)
        if number % 3 == 0
        else Wording(random, STARTS_AT).fill(random.choice(phrases), keep=True)
        for number in range(_POOL)
    ]


def _entries(people: list[Who], texts: list[str], count: int, span: int, random: Random) -> Iterator[Entry]:
    # Drawn once and walked through in steps of different length: drawing for every line would take longer than writing.
    speakers = random.choices(people, [1 / (place + 3) for place in range(len(people))], k=_DRAWS)
    words = random.choices(texts, k=_DRAWS - 1)
    for number in range(1, count + 1):
        at = STARTS_AT + number * span // (count + 1)
        who = speakers[number % _DRAWS]
        special = number % 200
        if special == 0:
            yield Came(at, (people[number // 200 % len(people)],), number, people[0], "invite")
        elif special == 100:
            yield TookBack(at, who, number, number - 1)
        elif special % 25 == 7:
            kind = _KINDS[special // 25 % len(_KINDS)]
            yield Said(at, who, "恭喜发财，大吉大利" if kind == "red_packet" else "", number, kind)
        else:
            yield Said(at, who, words[number % (_DRAWS - 1)], number, "text", number - 3 if special % 20 == 11 else 0)
