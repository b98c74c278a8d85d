"""Fill the places in phrases and add the small untidiness of people who type on telephones."""

from __future__ import annotations

from functools import cache
from random import Random
from string import Formatter

from liuliang.simulator.brand import UTC_OFFSET
from liuliang.simulator.phrases.slots import SLOTS

_FRESH = frozenset(
    {"temp", "taste", "city", "days", "count", "fault", "food", "chore", "brew", "ratio", "grams", "clicks", "face"}
)
"""What each speaker says for themselves; everything else is what the conversation is about."""

_ENDINGS = ("～", "~", "哈哈", "！", "。", "呀", "😂", "👍", "☕", "🥰", "…", "哈", "[捂脸]", "[呲牙]")
_TODAY = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_ASKING = ("什么", "吗", "多少", "哪", "谁", "怎么", "几", "比例", "图呢")

_PAGES = 60
"""How many pages of each site are shared: the popular ones again and again."""


@cache
def _parts(phrase: str) -> tuple[tuple[str, str], ...]:
    return tuple((text, slot or "") for text, slot, _, _ in Formatter().parse(phrase))


class Wording:
    """What one conversation is about: the same bean, the same link, from its first line to its last.

    ``at`` is when it takes place, so that ``{today}`` is the right day of the week.
    """

    __slots__ = ("_chosen", "_random")

    def __init__(self, random: Random, at: int) -> None:
        # 1 January 1970 was a Thursday.
        weekday = _TODAY[((at + UTC_OFFSET) // 86_400 + 3) % 7]
        self._random = random
        self._chosen: dict[str, str] = {"today": weekday}

    def fill(self, phrase: str, *, keep: bool = False) -> str:
        """Return ``phrase`` with its places filled; ``keep`` makes even what speakers differ in stay the same."""
        if "{" not in phrase:
            return phrase
        pieces: list[str] = []
        used: set[str] = set()
        for text, slot in _parts(phrase):
            pieces.append(text)
            if not slot:
                continue
            if slot in used or (slot in _FRESH and not keep):
                value = self._draw(slot)
                while value in used:
                    value = self._draw(slot)
            else:
                value = self._chosen.get(slot) or self._chosen.setdefault(slot, self._draw(slot))
            used.update((slot, value))
            pieces.append(value)
        return "".join(pieces)

    def _draw(self, slot: str) -> str:
        values = SLOTS[slot]
        value = values[int(self._random.random() * len(values))]
        if slot == "link":
            page = 1 + int(_PAGES * self._random.random() ** 2.5)
            return value.replace("{id}", str(1000 + page * 37))
        return value


def roughen(text: str, random: Random) -> str:
    """Return ``text`` as one might also have typed it; questions stay questions."""
    if len(text) < 4 or text[-1] in "？?！!。～~☕" or "http" in text or random.random() > 0.22:
        return text
    if any(word in text[-4:] for word in _ASKING):
        return text + "？"
    return text + _ENDINGS[int(random.random() * len(_ENDINGS))]
