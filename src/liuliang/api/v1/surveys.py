"""Answers of surveys made elsewhere: how likely members are to recommend us, told in batches, as often as they like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from django.utils.translation import gettext_lazy as _
from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from liuliang.accounts import audit
from liuliang.accounts.permissions import MEMBERS_EDIT
from liuliang.api.operations import Answer, Call, Told, operation
from liuliang.api.v1.orders import Line, ToldIdentity
from liuliang.kernel.errors import Refused
from liuliang.people import surveys
from liuliang.people.identities import Known, resolve_people

TOLD = audit.action("survey.told", _("通过接口写入推荐意愿评分"))

MOST = 500
"""Answers of one call at the most."""

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class ToldRespondent(Told):
    """Who answered. Whoever is not known yet becomes a member."""

    name: Line = ""
    identities: Annotated[tuple[ToldIdentity, ...], Field(min_length=1, max_length=7, strict=False)]
    """The strongest first; a name alone is nobody."""


class ToldAnswer(Told):
    """What somebody answered to "how likely are you to recommend us". Telling it again changes nothing."""

    score: Annotated[int, Field(ge=0, le=surveys.BEST)]
    """From 0 (not at all) to 10 (without doubt)."""
    answered_at: AwareDatetime
    """With its offset from UTC. With the person and the survey it names the answer, to the second."""
    respondent: ToldRespondent
    comment: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=surveys.COMMENT_LIMIT)] = ""

    @model_validator(mode="after")
    def _can_be(self) -> ToldAnswer:
        if self.answered_at < _EARLIEST:
            raise ValueError("answered_at is before 2000")
        return self


class PutAnswers(Told):
    """A batch of answers to one survey."""

    answers: Annotated[tuple[ToldAnswer, ...], Field(min_length=1, max_length=MOST, strict=False)]
    survey: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=surveys.NAME_LIMIT)] = ""
    """What the survey is called; may be left out where there is but one."""
    community: str | None = None
    """The public id of the community that was asked; may be left out only with a key for all communities."""


class PutAnswersAnswer(Answer):
    """What a batch brought."""

    added: int
    unchanged: int
    differing: tuple[int, ...]
    """Places in the batch, from 0, of answers that were told with another score before; these stand as they were first told."""


@operation(
    "PUT", "surveys/answers", summary=_("写入一批推荐意愿评分"), permissions=(MEMBERS_EDIT,), takes=PutAnswers,
    answers=PutAnswersAnswer, moves=True,
)  # fmt: skip
def put_answers(call: Call, told: PutAnswers) -> PutAnswersAnswer:
    """Record answers, as an import would; either all of them or none."""
    for one in told.answers:
        surveys.check(one.score, one.answered_at, now=call.at)
    community = _place(call, told.community)
    people = [
        Known(one.respondent.name.strip(), tuple((each.kind, each.value) for each in one.respondent.identities))
        for one in told.answers
    ]
    resolved = resolve_people(
        people, community=community, at=call.at, may_merge=False, among=call.access.community_ids(MEMBERS_EDIT)
    )
    recorded = surveys.record_answers(
        [
            surveys.Answer(member, one.score, one.answered_at, community, told.survey, one.comment)
            for member, one in zip(resolved.members, told.answers, strict=True)
        ]
    )
    if recorded.added:
        key = call.access.key
        audit.record(TOLD, key, name=key.name, community=community, changes={"added": (None, recorded.added)})
    unchanged = len(told.answers) - recorded.added - len(recorded.differing)
    return PutAnswersAnswer(added=recorded.added, unchanged=unchanged, differing=tuple(sorted(recorded.differing)))


def _place(call: Call, public_id: str | None) -> int | None:
    if public_id is None:
        if not call.access.may_everywhere(MEMBERS_EDIT):
            raise Refused("survey.community")
        return None
    found = call.access.communities(MEMBERS_EDIT).filter(public_id=public_id, archived_at=None).first()
    if found is None:
        raise Refused("community.unknown")
    return found.pk
