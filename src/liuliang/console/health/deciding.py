"""What staff decide about health: how much each part weighs, and which stage a group is in."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT
from liuliang.analytics.checkups import weights
from liuliang.analytics.health import HEALTH, PARTS, READY_WEIGHTS
from liuliang.analytics.lifecycle import LIFECYCLE, STAGES
from liuliang.analytics.models import StageChoice
from liuliang.analytics.services import HEAVIEST, set_stage, set_weights, take_back_stage
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.health.listing import health_url
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

INVALID = 422


class WeightsForm(forms.Form):
    """A weight for each part; what it measures stands below it."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for key, part in PARTS.items():
            self.fields[key] = forms.IntegerField(
                label=str(part.definition.title),
                help_text=_("{counted}0 分线 {empty}，满分线 {full}。").format(
                    counted=part.definition.counted, empty=f"{part.empty:.0%}", full=f"{part.full:.0%}"
                ),
                min_value=0,
                max_value=HEAVIEST,
            )


class StageForm(forms.Form):
    """A stage for a group, and why."""

    stage = forms.ChoiceField(required=False)
    reason = forms.CharField(required=False, max_length=300)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [("", _("按数据来")), *((key, words[0]) for key, words in STAGES.items())]
        self.fields["stage"].choices = choices  # type: ignore[attr-defined]
        self.fields["stage"].label = _("阶段")
        self.fields["reason"].label = _("理由")


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def weigh(request: StaffRequest) -> HttpResponse:
    """Show the weights with what each part measures, and set them."""
    if not request.access.may_everywhere(ANALYTICS_EDIT):
        raise Refused("health.for_everybody")
    is_reset = "restore" in request.POST
    form = WeightsForm(None if is_reset else request.POST or None, initial=dict(weights()))
    if is_reset or form.is_valid():
        try:
            set_weights(READY_WEIGHTS if is_reset else form.cleaned_data, at=clock.now())
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _("权重已保存，健康度已经按它重新算过。"))
            return redirect("console:health")
    context = {"form": form, "health": HEALTH}
    return render(request, "console/health/weights.html", context, status=INVALID if form.errors else 200)


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def stage(request: StaffRequest, community: Community) -> HttpResponse:
    """Say which stage a group is in, or let the data say it again."""
    chosen = StageChoice.objects.filter(community=community).first()
    initial = {"stage": chosen.stage, "reason": chosen.reason} if chosen is not None else {}
    form = StageForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["stage"]:
            set_stage(community, form.cleaned_data["stage"], reason=form.cleaned_data["reason"], at=clock.now())
        else:
            take_back_stage(community)
        return back(request, health_url(community.public_id), _("阶段已更新。"))
    context = {
        "community": community,
        "form": form,
        "title": _("定阶段"),
        "text": LIFECYCLE.counted,
        "button": _("保存"),
        "url_name": "console:community-stage",
    }
    return render(request, "console/communities/dialog.html", context, status=INVALID if form.errors else 200)
