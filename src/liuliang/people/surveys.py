"""推荐意愿: how likely members say they are to recommend us, as lists, other systems and colleagues tell it.

An answer is known by the survey, the person and the second: told again, by whichever way, it counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.people.events import SurveyAnswered
from liuliang.people.models import Member
from liuliang.people.names import clean_name

NOTED = audit.action("survey.noted", _("记录推荐意愿评分"))

SOURCE = "survey"

BEST = 10
"""The score of who would recommend us without doubt; the worst is 0."""

NAME_LIMIT = 60
COMMENT_LIMIT = 2_000

AHEAD = timedelta(days=1)
"""How far the clock of whoever tells an answer may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member (by any of their records) answered. ``survey`` is its name, empty where there is but one."""

    member: int
    score: int
    at: datetime
    community: int | None = None
    survey: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many answers were new, and the places of those that were told with another score before."""

    added: int = 0
    differing: frozenset[int] = frozenset()


@transaction.atomic
def record_answers(answers: Sequence[Answer]) -> Recorded:
    """Put answers into the log that it does not hold yet. What was told first stands, here and in one call.

    Raises:
        ValueError: a score is not between 0 and `BEST`.
    """
    if wrong := [each.score for each in answers if not 0 <= each.score <= BEST]:
        raise ValueError(f"no such scores: {wrong}")
    families = _families({each.member for each in answers})
    marks = [(clean_name(each.survey)[:NAME_LIMIT], int(each.at.timestamp())) for each in answers]
    wanted = {
        _key(record, *mark) for each, mark in zip(answers, marks, strict=True) for record in families[each.member]
    }
    known = {
        key: int(data["score"])
        for key, data in LoggedEvent.objects.filter(source=SOURCE, source_id__in=wanted).values_list(
            "source_id", "data"
        )
    }
    staff = audit.actor().staff
    fresh: dict[str, Fact] = {}
    differing = set[int]()
    for place, (each, mark) in enumerate(zip(answers, marks, strict=True)):
        family = families[each.member]
        # Whoever was merged since may have answered as the record that they were then.
        before = next((known[key] for record in family if (key := _key(record, *mark)) in known), None)
        if before is None:
            key = _key(family[0], *mark)
            told = SurveyAnswered(each.score, mark[0], _comment(each.comment))
            fresh[key] = Fact(told, each.at, SOURCE, key, family[0], each.community, staff.pk if staff else None)
            known[key] = each.score
        elif before != each.score:
            differing.add(place)
    # In the order of their keys: two calls that tell of the same answers never wait for each other in a circle.
    return Recorded(append([fresh[key] for key in sorted(fresh)]), frozenset(differing))


@transaction.atomic
def note_answer(answer: Answer, *, at: datetime) -> None:
    """Note what one member answered, as the colleague at work heard it.

    Raises:
        Refused: ``survey.score``, ``survey.future``, ``survey.differs`` (told with another score before), ``member.erased``.
    """
    check(answer.score, answer.at, now=at)
    member = Member.objects.get(pk=answer.member)
    if member.erased_at is not None:
        raise Refused("member.erased")
    recorded = record_answers([answer])
    if recorded.differing:
        raise Refused("survey.differs")
    if recorded.added:
        audit.record(NOTED, member, community=answer.community, changes={"score": (None, answer.score)})


def check(score: int, answered_at: datetime, *, now: datetime) -> None:
    """Refuse what nobody can have answered.

    Raises:
        Refused: ``survey.score``, ``survey.future``.
    """
    if not 0 <= score <= BEST:
        raise Refused("survey.score", best=BEST)
    if answered_at > now + AHEAD:
        raise Refused("survey.future")


def _families(members: set[int]) -> dict[int, list[int]]:
    """Return for each record all records of its person, the canonical one first."""
    persons = {
        pk: canonical or pk for pk, canonical in Member.objects.filter(pk__in=members).values_list("pk", "canonical")
    }
    records: dict[int, list[int]] = {person: [person] for person in persons.values()}
    merged = Member.objects.filter(canonical__in=records).order_by("pk").values_list("pk", "canonical")
    for pk, person in merged:
        if pk != person and person is not None:
            records[person].append(pk)
    return {member: records[person] for member, person in persons.items()}


def _key(record: int, survey: str, second: int) -> str:
    return f"{record}/{second}/{survey}"


def _comment(text: str) -> str:
    return text.strip().replace("\x00", "").encode("utf-8", "ignore").decode()[:COMMENT_LIMIT]
