"""What is talked about: the words of a period beside those of the period before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered_within
from liuliang.analytics.scopes import Scope, instants_with_previous
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT

AT_MOST = 10_000
"""Messages read of each period; where there are more, this many are drawn by a fixed rule, and the answer says so."""

WORDS = Definition(
    "words",
    _("在聊什么"),
    _(
        "把期内的文字消息切成词，去掉“我们”“可以”这类人人都用的词、网址、表情和 @ 的名字，数每个词出现在多少条消息里（一条里重复只算一次）。"
        "与上一期每千条消息里的次数相比，变化超出偶然（多个词一起按 Benjamini–Hochberg 控制在 5%）的才标出来。消息太多时按固定规则抽 1 万条。"
    ),
    _("条"),
)

_NOT_WORDS = re.compile(r"https?://\S+|@\S+|\[[^\[\]]{1,12}\]|&\w+;")
_WORD = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]{2,}|[a-z][a-z0-9+#.-]*[a-z0-9+#]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, the messages it is in, and how its share of messages compares with the period before.

    ``comparison`` is of shares of messages; ``is_beyond_chance`` tells whether the change is to be believed.
    """

    text: str
    messages: int
    messages_before: int
    comparison: Comparison | None
    is_beyond_chance: bool

    @property
    def is_new(self) -> bool:
        """Tell whether the word is believed to have come up in this period: it was not there before."""
        return self.is_beyond_chance and self.messages_before == 0


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a period, the text messages that were read, and those of the period before."""

    words: tuple[Word, ...]
    read: int
    read_before: int
    is_sampled: bool


@remembered_within(EVENT, instants_with_previous)
def words(scope: Scope, period: Period, limit: int = 40) -> Words:
    """Return what was talked about in ``period``, the words in most messages first."""
    texts, counts = _texts(scope, period)
    return told(texts[True], texts[False], limit=limit, is_sampled=max(counts.values()) > AT_MOST)


def told(texts: list[str], before: list[str], *, limit: int, is_sampled: bool = False) -> Words:
    """Count the words of two lots of messages and compare them."""
    now, then = _count(texts), _count(before)
    # A word of a single message is not what people talk about; the most frequent ones are compared, so the others do not
    # weaken what can be believed of these.
    frequent = [word for word, count in sorted(now.items(), key=_most_first) if count >= 2][:limit]
    comparisons = [noise.compare_shares(now[word], len(texts), then[word], len(before)) for word in frequent]
    believed = noise.discoveries([1.0 if each is None else each.surprise for each in comparisons])
    return Words(
        tuple(
            Word(word, now[word], then[word], comparison, is_real)
            for word, comparison, is_real in zip(frequent, comparisons, believed, strict=True)
        ),
        len(texts),
        len(before),
        is_sampled,
    )


def cut(text: str) -> set[str]:
    """Return the words of a message that say something, in lower case."""
    # Its dictionary takes a moment that most processes never need.
    import rjieba

    cleaned = _NOT_WORDS.sub(" ", text).lower()
    return {piece for piece in rjieba.cut(cleaned) if _WORD.fullmatch(piece)} - stop_words()


@cache
def stop_words() -> frozenset[str]:
    """Return the words that say nothing about a subject."""
    lines = (Path(__file__).with_name("stop_words.txt")).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _count(texts: Iterable[str]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(cut(text))
    return counted


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _texts(scope: Scope, period: Period) -> tuple[dict[bool, list[str]], dict[bool, int]]:
    """Return the texts of this period (True) and the one before, and how many messages each has.

    Of each up to `AT_MOST` messages are drawn by the hash of their position: the same ones whenever asked.
    """
    during, values = scope.during(period.with_previous)
    begins, more = scope.during(period, "now")
    texts: dict[bool, list[str]] = {True: [], False: []}
    counts = {True: 0, False: 0}
    for is_now, count, type_, text, is_recalled in query(
        # Conditions on the payload stay outside of the LIMIT: inside, the payload of every community would be read.
        "SELECT is_now, messages, JSONExtractString(data, 'type'), substringUTF8(JSONExtractString(data, 'text'), 1, 1000),"
        f" JSONExtractBool(data, 'is_recalled') FROM (SELECT {begins} AS is_now, data,"
        " count() OVER (PARTITION BY is_now) AS messages FROM {events}"
        f" WHERE kind = 'message.sent' AND {during} ORDER BY cityHash64(position) LIMIT {{most:UInt32}} BY is_now)",
        {**values, **more, "most": AT_MOST},
    ).rows:
        counts[bool(is_now)] = int(count)
        if type_ == "text" and not is_recalled:
            texts[bool(is_now)].append(text)
    return texts, counts
