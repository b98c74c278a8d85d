"""种子与骨干: members worth cultivating as the data finds them, the pool they are invited from, and what they led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.communities.dashboard_people import Face, face_of, faces
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.forms import tag_choices
from liuliang.cultivation.finding import BEYOND, Found, find, minimums_of, passed_over
from liuliang.cultivation.kinds import KINDS, MEASURES, Kind, evidence_words
from liuliang.cultivation.models import Candidacy
from liuliang.cultivation.results import Result, results
from liuliang.cultivation.services import LARGEST, NEXT, STATES, add_candidates, change_criteria, move_candidate
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Member, Tag

FOLDER = "console/cultivation"

SHOWN = 30
"""People found that are shown; the list of members holds all of them."""

POOL_SHOWN = 200

TONES = {"invited": "act", "accepted": "good", "followed": "good", "declined": ""}


@dataclass(frozen=True, slots=True)
class FoundRow:
    """Somebody found: who, why, and whether they are in the pool."""

    who: Face
    public_id: str
    evidence: str
    score: float


@dataclass(frozen=True, slots=True)
class PoolRow:
    """Somebody in the pool: who, why, where they stand, where they may go, and what they led to."""

    candidacy: Candidacy
    who: Face
    evidence: str
    state: str | Promise
    tone: str
    steps: list[tuple[str, str | Promise]]
    result: Result | None


@finds("candidate_kind")
def find_kind(access: Access, permission: str, value: str) -> Kind | None:
    """Find a kind of candidate; everybody knows them."""
    del access, permission
    return KINDS.get(value)


@finds("candidacy")
def find_candidacy(access: Access, permission: str, value: str) -> Candidacy | None:
    """Find somebody in the pool, where the permission reaches them."""
    if not value.isdecimal() or len(value) > 18:
        return None
    reached = access.members(permission).values("pk")
    return Candidacy.objects.select_related("member").filter(pk=int(value), member__in=reached).first()


@page(permission=MEMBERS_VIEW)
def candidates(request: StaffRequest) -> HttpResponse:
    """Show the people a kind finds, and its pool."""
    offered = offered_to(request.access)
    kind = next((each for each in offered if each.key == request.GET.get("kind")), offered[0] if offered else None)
    context: dict[str, object] = {"kinds": offered, "kind": kind}
    if kind is not None:
        state = request.GET.get("state", "")
        minimums = minimums_of(kind)
        found = find(kind, minimums, at=clock.now())
        pool = Candidacy.objects.filter(kind=kind.key, member__in=request.access.members(MEMBERS_VIEW).values("pk"))
        inside = set(pool.values_list("member_id", flat=True))
        fresh = [each for each in found.best if each.member not in inside]
        counts = dict(pool.order_by().values_list("state").annotate(n=Count("pk")))
        context |= {
            "asked": [
                _("{title}：{value}").format(title=MEASURES[key].title, value=f"{value:,}")
                for key, value in minimums.items()
                if value
            ]
            + [
                _("不算：{tag}").format(tag=tag.name)
                for tag in Tag.objects.filter(pk__in=passed_over()).order_by("name")
            ],
            "beyond": BEYOND,
            "found": _found_rows(fresh[:SHOWN], kind),
            "found_count": len(found),
            "fresh_count": len(found) - int(np.isin(found.members, list(inside)).sum()),
            "found_url": behind_url("candidates", f"kind={kind.key}") if len(found) else "",
            "states": [(key, title, counts.get(key, 0)) for key, title in STATES.items()],
            "state": state if state in STATES else "",
            "pool": _pool_rows(pool, state),
            "pool_count": sum(counts.values()),
            "may_change": request.access.may_everywhere(MEMBERS_EDIT),
        }
    return render(request, f"{FOLDER}/candidates.html", context)


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def criteria(request: StaffRequest, candidate_kind: Kind) -> HttpResponse:
    """Show what a kind asks for with how many reach it, and set it."""
    _check(request.access, candidate_kind)
    posted = request.POST if request.method == "POST" else None
    form = CriteriaForm(candidate_kind, posted)
    context: dict[str, object] = {"kind": candidate_kind, "form": form}
    if posted is not None and form.is_valid():
        if "save" in posted:
            try:
                change_criteria(candidate_kind, form.minimums, at=clock.now(), without=form.without)
            except Refused as refused:
                form.add_error(None, errors.sentence(refused))
            else:
                messages.success(request, _("条件已更新。"))
                return redirect(_address(candidate_kind))
        else:
            then = find(candidate_kind, form.minimums, at=clock.now(), without=form.without)
            context |= {
                "before": len(find(candidate_kind, minimums_of(candidate_kind), at=clock.now())),
                "after": len(then),
                "sample": _found_rows(then.best[:8], candidate_kind, form.minimums),
                "is_tried": True,
            }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/criteria.html", context, status=status)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def add(request: StaffRequest, candidate_kind: Kind) -> HttpResponse:
    """Put the ticked people into the pool, with what they have reached now."""
    _check(request.access, candidate_kind)
    chosen = request.access.members(MEMBERS_EDIT).filter(public_id__in=request.POST.getlist("member")[:500])
    ids = list(chosen.values_list("pk", flat=True))
    found = find(candidate_kind, minimums_of(candidate_kind), at=clock.now(), among=ids)
    count = add_candidates(candidate_kind, found.best, at=clock.now())
    if count:
        messages.success(request, ngettext("{count} 人进了名单。", "{count} 人进了名单。", count).format(count=count))
    else:
        messages.info(request, _("没有人进名单：先勾选人，已经在名单里或不再符合条件的不会再加。"))
    return redirect(_address(candidate_kind))


@page(permission=MEMBERS_EDIT, methods=("POST",))
def move(request: StaffRequest, candidacy: Candidacy) -> HttpResponse:
    """Bring somebody of the pool into the next state."""
    kind = KINDS.get(candidacy.kind)
    if kind is None:
        raise Refused("candidate.for_everybody")
    _check(request.access, kind)
    moved = move_candidate(candidacy, request.POST.get("state", ""), at=clock.now())
    messages.success(request, _("状态改为“{state}”。").format(state=STATES[moved.state]))
    return redirect(_address(kind))


def offered_to(access: Access) -> list[Kind]:
    """Return the kinds somebody may see: they are found by what people do in all communities."""
    if not access.may_everywhere(MEMBERS_VIEW):
        return []
    return [each for each in KINDS.values() if not each.permission or access.may_everywhere(each.permission)]


class CriteriaForm(forms.Form):
    """The minimums of a kind, and the tags whose holders are candidates of no kind."""

    def __init__(self, kind: Kind, posted: QueryDict | None) -> None:
        super().__init__(posted)
        self.kind, held = kind, minimums_of(kind)
        for key in kind.minimums:
            self.fields[key] = forms.IntegerField(
                label=str(MEASURES[key].title), initial=held[key], min_value=0, max_value=LARGEST
            )
        self.fields["without"] = forms.TypedMultipleChoiceField(
            label=_("不算有这些标签的人"),
            choices=tag_choices()[1:],
            coerce=int,
            required=False,
            initial=sorted(passed_over()),
            widget=forms.SelectMultiple({"size": 6}),
            help_text=_("每一种人选都一样。群主和管理员本来就不算；别的同事打上一个标签，在这里选上。"),
        )

    @property
    def minimums(self) -> dict[str, int]:
        """Return what was asked for, by measure."""
        return {key: self.cleaned_data[key] for key in self.kind.minimums}

    @property
    def without(self) -> frozenset[int]:
        """Return the tags whose holders are passed over."""
        return frozenset(self.cleaned_data["without"])


def _check(access: Access, kind: Kind) -> None:
    if not access.may_everywhere(MEMBERS_EDIT) or kind not in offered_to(access):
        raise Refused("candidate.for_everybody")


def _address(kind: Kind) -> str:
    return f"{reverse('console:candidates')}?kind={kind.key}"


def _found_rows(found: Sequence[Found], kind: Kind, minimums: dict[str, int] | None = None) -> list[FoundRow]:
    asked = minimums or minimums_of(kind)
    people = Member.objects.only("public_id", "name").in_bulk([each.member for each in found])
    return [
        FoundRow(
            face_of(people[each.member].name, people[each.member].public_id),
            people[each.member].public_id,
            evidence_words(each.evidence, asked),
            each.score,
        )
        for each in found
        if each.member in people
    ]


def _pool_rows(pool: QuerySet[Candidacy], state: str) -> list[PoolRow]:
    chosen = pool.filter(state=state) if state in STATES else pool
    rows = list(chosen.select_related("member").order_by("-since", "-pk")[:POOL_SHOWN])
    led_to = results(rows)
    known = faces([row.member_id for row in rows], may_see=True)
    return [
        PoolRow(
            row,
            known[row.member_id],
            evidence_words(row.evidence, {}),
            STATES.get(row.state, row.state),
            TONES.get(row.state, "warn"),
            [(step, _step_words(step)) for step in NEXT.get(row.state, ())],
            led_to.get(row.pk),
        )
        for row in rows
        if row.member_id in known
    ]


def _step_words(step: str) -> str:
    return {
        "invited": _("已邀请"),
        "accepted": _("答应了"),
        "followed": _("开始跟进"),
        "declined": _("不邀请了"),
    }[step]


def _kind_of(parameters: QueryDict) -> Kind:
    kind = KINDS.get(parameters.get("kind", ""))
    if kind is None:
        raise ValueError(parameters.get("kind"))
    return kind


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    kind = _kind_of(parameters)
    if kind not in offered_to(ground.access):
        return ()
    return tuple(find(kind, minimums_of(kind), at=clock.now()).members.tolist())


def _needed(parameters: QueryDict) -> tuple[str, ...]:
    kind = KINDS.get(parameters.get("kind", ""))
    return (kind.permission,) if kind is not None and kind.permission else ()


declare(
    "candidates",
    Crowd(lambda _access, parameters: _("人选：{kind}").format(kind=_kind_of(parameters).title), _needed, _members),
)
