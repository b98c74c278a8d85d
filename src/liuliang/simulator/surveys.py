"""The brand asks its customers how likely they are to recommend it, once a month; and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from liuliang.simulator import truth
from liuliang.simulator.crowd import DAY
from liuliang.simulator.world import World

SURVEY = "每月回访"
_EVERY = 30 * DAY
_ANSWERS_WITHIN = 3 * DAY
_ANSWERING = 0.3
"""How likely somebody who registered is to answer one month's survey."""

_HAPPY = (1, 1, 1, 1, 1, 2, 3, 8, 18, 26, 38)
_SILENT = (4, 2, 3, 4, 4, 9, 11, 17, 20, 14, 12)
"""How often each score comes, 0 to 10: of those who speak, and of those who do not."""

_REASONS = {
    "promoter": ("豆子新鲜，群里有问必答", "手冲教程太有用了", "已经推荐给同事了", ""),
    "passive": ("还不错，就是快递慢", "价格要是再低点", "", ""),
    "detractor": ("群消息太多，看不过来", "收到时包装破了", "客服回得慢", ""),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered, and when."""

    at: int
    person: int
    score: int
    comment: str


def answers(world: World) -> tuple[Answer, ...]:
    """Return what was answered, in the order of time. Some people answer again in a later month, and change their mind."""
    speakers = {message.person for message in world.messages}
    # Dice of its own: the rest of the world is the same, whether it is asked or not.
    random = Random(f"{world.seed}:survey")  # noqa: S311 - invented people keep no secrets
    asked = world.exported_at - _ANSWERS_WITHIN
    said: list[Answer] = []
    while asked > world.exported_at - world.days * DAY:
        for registration in world.registrations:
            if registration.at < asked and random.random() < _ANSWERING:
                score = random.choices(range(11), _HAPPY if registration.person in speakers else _SILENT)[0]
                at = asked + random.randrange(_ANSWERS_WITHIN)
                said.append(Answer(at, registration.person, score, random.choice(_REASONS[group_of(score)])))
        asked -= _EVERY
    return tuple(sorted(said, key=lambda answer: (answer.at, answer.person)))


def group_of(score: int) -> str:
    """Return what somebody with a score is called."""
    return "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"


def groups(world: World, first: date, last: date) -> dict[str, set[int]]:
    """Return who was a promoter, passive or detractor by their last answer on the days from ``first`` to ``last``."""
    latest: dict[int, int] = {}
    for answer in answers(world):
        if first <= truth.local_day(world, 0, answer.at) <= last:
            latest[answer.person] = answer.score
    found: dict[str, set[int]] = {"promoter": set(), "passive": set(), "detractor": set()}
    for person, score in latest.items():
        found[group_of(score)].add(person)
    return found
