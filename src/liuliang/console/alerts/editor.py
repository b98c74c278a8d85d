"""Setting an alert: what it asks on the left, what it would have done on the right, before anything is saved."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.alerting import rules
from liuliang.alerting.models import Alert
from liuliang.alerting.rules import DIRECTIONS, KINDS, SENSITIVITIES, WEEKS, check, may_be_unusual, may_fire_early
from liuliang.alerting.series import ground_of
from liuliang.alerting.services import Wanted, change_alert, set_alert
from liuliang.analytics.base import STAGES, Metric
from liuliang.console import errors
from liuliang.console.alerts.draft import Draft, draft_of, read_draft
from liuliang.console.alerts.pictures import Preview, counted_words, preview
from liuliang.console.alerts.words import alert_url, condition_words, metric_title, place_words, unit_words
from liuliang.console.analysis.costs import places_for
from liuliang.console.analysis.metrics import needs_of, visible
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.mail import services as mail
from liuliang.people.access import Access
from liuliang.people.models import Community

PART = "console/alerts/builder.html"
INVALID = 422
SAVE = "save"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of holding a draft against the past: a preview, or why there is none."""

    preview: Preview | None = None
    refusal: str = ""
    missing: str = ""

    @property
    def counted(self) -> str:
        """Say how often it would have fired."""
        return counted_words(self.preview) if self.preview is not None else ""


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Set an alert."""
    if request.method == "GET":
        asked = request.GET.copy()
        asked.setlist("owner", [str(request.user.pk)])
        return _page(request, read_draft(asked, _place(request.access, asked.get("community", ""))), None)
    draft = read_draft(request.POST, _place(request.access, request.POST.get("community", "")))
    if SAVE not in request.POST:
        return _page(request, draft, None)
    try:
        made = set_alert(_ready(request.access, draft), at=clock.now())
    except Refused as refused:
        return _page(request, draft, None, problem=errors.sentence(refused))
    return back(request, alert_url(made), _("预警已设好，从今天起每天看一次。"))


@page(permission=ANALYTICS_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, alert: Alert) -> HttpResponse:
    """Change an alert."""
    if request.method == "GET":
        return _page(request, draft_of(alert), alert)
    draft = read_draft(request.POST, _place(request.access, request.POST.get("community", "")))
    if SAVE not in request.POST:
        return _page(request, draft, alert)
    try:
        changed = change_alert(alert, _ready(request.access, draft), at=clock.now())
    except Refused as refused:
        return _page(request, draft, alert, problem=errors.sentence(refused))
    return back(request, alert_url(changed), _("预警已更新。"))


def _place(access: Access, public_id: str) -> Community | None:
    """Return the chosen community; without one all of them for those who may, else the first they may set alerts in."""
    places, known = places_for(access, ANALYTICS_EDIT, ANALYTICS_VIEW)
    if public_id in known:
        return known[public_id]
    if access.may_everywhere(ANALYTICS_EDIT) and access.may_everywhere(ANALYTICS_VIEW):
        return None
    return known[places[0][0]] if places else None


def _ready(access: Access, draft: Draft) -> Wanted:
    _check_reach(access, draft)
    suggestion = f"{place_words(draft.place)} · {metric_title(draft.metric)}"
    return draft.wanted(suggestion)


def _check_reach(access: Access, draft: Draft) -> None:
    """Refuse a place or a metric that somebody may not see."""
    needed = (ANALYTICS_EDIT, ANALYTICS_VIEW, *needs_of(draft.found))
    may = access.may_everywhere if draft.place is None else lambda each: access.may(each, draft.place)
    if not all(map(may, needed)):
        raise Refused("alert.hidden", metric=str(draft.found.definition.title), place=place_words(draft.place))


def _page(request: StaffRequest, draft: Draft, alert: Alert | None, *, problem: str = "") -> HttpResponse:
    places, _known = places_for(request.access, ANALYTICS_EDIT, ANALYTICS_VIEW)
    tried = _tried(request.access, draft)
    metric = draft.found
    context = {
        "draft": draft,
        "alert": alert,
        "problem": problem,
        "tried": tried,
        "metric": metric,
        "stages": _offered(request.access),
        "places": places,
        "kinds": [(key, words, key != "unusual" or may_be_unusual(metric)) for key, words in KINDS.items()],
        "directions": DIRECTIONS,
        "sensitivities": {key: words for key, (_share, words) in SENSITIVITIES.items()},
        "weeks": WEEKS,
        "unit": unit_words(metric),
        "people": draft.candidates(),
        "is_branch": draft.place is None or not draft.place.is_group,
        "is_early": may_fire_early(metric, draft.condition),
        "later": rules.LATER.get(metric.key, 0),
        "mail_is_set": mail.is_set(),
        "suggestion": f"{place_words(draft.place)} · {metric_title(draft.metric)}",
        "sentence": condition_words(metric.key, draft.condition)
        if draft.kind == "unusual" or draft.number is not None
        else "",
        "url": reverse("console:edit-alert", args=[alert.public_id]) if alert else reverse("console:new-alert"),
    }
    if request.htmx:
        return render(request, PART, context)
    return render(request, "console/alerts/editor.html", context, status=INVALID if problem else 200)


def _tried(access: Access, draft: Draft) -> Tried:
    try:
        _check_reach(access, draft)
        if draft.kind != "unusual" and not draft.threshold:
            return Tried(missing=_("填一个数，这里就会画出过去 90 天里它会响在哪几天。"))
        check(draft.condition, draft.found)
        ground = ground_of(draft.place, clock.now())
        if ground is None:
            return Tried(missing=_("这里还没有任何聊天记录，没有历史可以对照。导入以后再来看它会响几次。"))
        names = dict(Community.objects.filter(pk__in=ground.asked.scope.communities).values_list("pk", "name"))
        is_each = draft.is_each and "community" in draft.found.dimensions
        return Tried(preview(draft.found, ground, draft.condition, names, is_each=is_each))
    except Refused as refused:
        return Tried(refusal=errors.sentence(refused))


def _offered(access: Access) -> list[tuple[object, list[Metric]]]:
    """Return the metrics that somebody may see anywhere, by their part of the story."""
    found = [(words, visible(access, key)) for key, words in STAGES.items()]
    return [(words, mine) for words, mine in found if mine]
