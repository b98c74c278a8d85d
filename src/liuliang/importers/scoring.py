"""From rows of answers to members and what they answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from liuliang.importers.records import ScoreRow
from liuliang.importers.tabling import Brought, counts_of
from liuliang.people.identities import Known, resolve_people
from liuliang.people.names import clean_name
from liuliang.people.surveys import Answer, record_answers

Row = tuple[ScoreRow, datetime, int]
"""An answer of a file with its instant and its line."""


def bring_in_scores(
    rows: Sequence[Row],
    *,
    community: int | None,
    groups: Mapping[str, int],
    at: datetime,
    may_merge: bool,
    among: Collection[int] | None,
) -> tuple[Brought, list[tuple[int, str]]]:
    """Record the answers of a list; return what they brought, and the lines left out, each with the reason.

    A row goes to the group it names, one of ``groups`` by name, else to ``community``. A name alone is somebody only in a group.
    For ``may_merge`` and ``among`` see `liuliang.importers.tabling.bring_in_members`; a member of none of the communities ``among``
    answered like anybody else, and is not changed by it.
    """
    doubts: list[tuple[int, str]] = []
    placed: dict[int | None, list[Row]] = {}
    for row, answered_at, line in rows:
        place = groups.get(clean_name(row.group)) if row.group else community
        if row.group and place is None:
            doubts.append((line, "group_unknown"))
        elif not row.person.identities and place is None:
            doubts.append((line, "name_alone"))
        else:
            placed.setdefault(place, []).append((row, answered_at, line))
    counts: Counter[str] = Counter()
    answers: list[Answer] = []
    lines: list[int] = []
    for place, mine in placed.items():
        people = [Known(row.person.name, row.person.identities, row.person.is_bot) for row, _at, _line in mine]
        resolved = resolve_people(people, community=place, at=at, may_merge=may_merge, among=among)
        counts.update(counts_of(resolved))
        for member, (row, answered_at, line) in zip(resolved.members, mine, strict=True):
            answers.append(Answer(member, row.score, answered_at, place, row.survey, row.comment))
            lines.append(line)
    recorded = record_answers(answers)
    doubts += [(lines[place], "score_told_differently") for place in recorded.differing]
    known = len(answers) - recorded.added - len(recorded.differing)
    counts.update(scores=len(answers), added=recorded.added, known=known)
    return Brought(counts=counts), sorted(doubts)
