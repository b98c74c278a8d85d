"""Keep the members chosen in the list as a segment: those behind a number, those at risk, whoever was ticked."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import SEGMENTS_EDIT
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import MEMBERS, chosen_for
from liuliang.console.segments.editor import chosen_place, place_options
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.segments.services import NAME_LIMIT, create_list
from liuliang.ui.toasts import close_dialog, toast


class KeepForm(forms.Form):
    """What the segment is called, and of which branch it is."""

    name = forms.CharField(label=gettext_lazy("人群名称"), max_length=NAME_LIMIT)
    place = forms.ChoiceField(label=gettext_lazy("属于"), required=False)

    def __init__(self, access: Access, posted: object) -> None:
        super().__init__(posted)  # type: ignore[arg-type]
        everywhere: list[tuple[str, str | Promise]] = [("", gettext_lazy("全部社群"))]
        offered = everywhere if access.may_everywhere(SEGMENTS_EDIT) else []
        self.fields["place"].choices = [*offered, *place_options(access)]  # type: ignore[attr-defined]


@page(permission=SEGMENTS_EDIT, methods=("POST",))
def keep_chosen(request: StaffRequest) -> HttpResponse:
    """Ask what to call the chosen members, then keep them as a static segment."""
    form = KeepForm(request.access, request.POST if "name" in request.POST else None)
    if form.is_valid():
        people = chosen_for(request, request.access, SEGMENTS_EDIT).order_by().values_list("pk", flat=True)
        place = chosen_place(request.access, form.cleaned_data["place"])
        try:
            made = create_list(form.cleaned_data["name"], people, community=place, at=clock.now())
        except Refused as refused:
            form.add_error("name", errors.sentence(refused))
        else:
            text = _("已存为人群“{name}”，{count} 人。").format(name=made.name, count=made.size)
            link = reverse("console:segment", args=[made.public_id])
            return close_dialog(toast(HttpResponse(), text, link=link))
    context = {"form": form, "carried": MEMBERS.chosen_fields(request)}
    return render(request, "console/segments/keep_dialog.html", context, status=422 if form.errors else 200)
