"""推荐意愿 on one member: what they answered last, and noting an answer that staff heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.fields import moment_field
from liuliang.console.leading import back
from liuliang.console.members.listing import member_url
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.people.access import Access
from liuliang.people.models import Community, Member
from liuliang.people.surveys import BEST, COMMENT_LIMIT, NAME_LIMIT, Answer, note_answer

SHOWN = 3

_SAID = {0: _("{score} 分（完全不愿意）"), BEST: _("{score} 分（非常愿意）")}


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as the page shows it."""

    score: int
    group: str
    tone: str
    at: datetime
    survey: str
    comment: str


class AnswerForm(forms.Form):
    """What a member answered."""

    score = forms.TypedChoiceField(label=_("有多大可能推荐我们"), coerce=int)
    at = moment_field(_("什么时候回答的"))
    community = forms.ModelChoiceField(
        Community.objects.none(), label=_("是在哪个社群问的"), required=False, empty_label=_("不属于某一个社群")
    )
    survey = forms.CharField(label=_("问卷名称"), max_length=NAME_LIMIT, required=False)
    comment = forms.CharField(
        label=_("为什么打这个分"), max_length=COMMENT_LIMIT, required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *arguments: Any, access: Access, member: Member, **options: Any) -> None:
        super().__init__(*arguments, **options)
        choices = [(score, _SAID.get(score, _now("{score} 分")).format(score=score)) for score in range(BEST, -1, -1)]
        self.fields["score"].choices = [("", _now("请选择")), *choices]  # type: ignore[attr-defined]
        # Whoever may edit in some groups only says in which of them it was.
        places = access.communities(MEMBERS_EDIT).filter(archived_at=None, memberships__member=member)
        self.fields["community"].queryset = places.distinct().order_by("name")  # type: ignore[attr-defined]
        self.fields["community"].required = not access.may_everywhere(MEMBERS_EDIT)


@page(permission=MEMBERS_EDIT, methods=("GET", "POST"))
def answer(request: StaffRequest, member: Member) -> HttpResponse:
    """Ask for an answer and note it."""
    now = clock.now()
    form = AnswerForm(
        request.POST or None, access=request.access, member=member, initial={"at": timezone.localtime(now)}
    )

    def note(told: Any) -> None:
        place = told["community"].pk if told["community"] else None
        note_answer(
            Answer(member.pk, told["score"], told["at"], place, told["survey"], told["comment"]), at=now
        )  # fmt: skip

    if done(form, note):
        return back(request, member_url(member), _("已记录推荐意愿评分。"))
    return dialog(request, form, _("记录推荐意愿"), _("记录"))


def answers_of(access: Access, ids: Sequence[int]) -> list[Said]:
    """Return the latest answers of a person's records, as far as they may be seen."""
    rows = LoggedEvent.objects.filter(kind="survey.answered", member__in=ids)
    allowed = access.community_ids(MEMBERS_VIEW)
    if allowed is not None:
        rows = rows.filter(Q(community=None) | Q(community__in=allowed))
    return [
        Said(
            row.data["score"], *_group(row.data["score"]), row.occurred_at, row.data.get("survey", ""),
            row.data.get("comment", ""),
        )
        for row in rows.order_by("-occurred_at", "-position")[:SHOWN]
    ]  # fmt: skip


def _group(score: int) -> tuple[str, str]:
    if score >= 9:
        return _now("推荐者"), "good"
    return (_now("中立者"), "") if score >= 7 else (_now("贬损者"), "bad")
