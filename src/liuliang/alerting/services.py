"""Setting alerts, and what people do about them when they fire."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.alerting.looking import outcome_before, recent_of
from liuliang.alerting.models import Alert, AlertOwner, Firing
from liuliang.alerting.queries import who_may_see
from liuliang.alerting.rules import Condition, check
from liuliang.alerting.series import ground_of, series_of
from liuliang.analytics.base import metrics
from liuliang.analytics.periods import Period
from liuliang.kernel.clock import local_day
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

SET = audit.action("alert.set", _("设预警"))
CHANGED = audit.action("alert.changed", _("改预警"))
DELETED = audit.action("alert.deleted", _("删除预警"))
MUTED = audit.action("alert.muted", _("预警静音"))
RESUMED = audit.action("alert.resumed", _("预警恢复"))
ACKNOWLEDGED = audit.action("alert.acknowledged", _("接手预警"))

LONGEST_TEXT = 4_000
MOST_OWNERS = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an alert is to be. Without a community it is about all; ``owners`` are told."""

    name: str
    metric: str
    community: Community | None
    condition: Condition
    owners: Collection[Staff]
    is_each: bool = False
    steps: str = ""
    duties: str = ""


@transaction.atomic
def set_alert(wanted: Wanted, *, at: datetime) -> Alert:
    """Set an alert; it looks at the days that are not over yet.

    Raises:
        Refused: as `change_alert`.
    """
    checked = _checked(wanted)
    looked, recent = _standing(checked, at)
    alert = Alert.objects.create(
        name=checked.name, metric=checked.metric, community=checked.community, is_each=checked.is_each,
        condition=checked.condition.written, steps=checked.steps, duties=checked.duties, looked_day=looked, due_at=at,
        outcome=outcome_before(recent), recent=recent, recent_day=looked, created_at=at, changed_at=at, staff=audit.actor().staff,
    )  # fmt: skip
    AlertOwner.objects.bulk_create([AlertOwner(alert=alert, staff=each) for each in checked.owners])
    audit.record(
        SET, alert, name=alert.name, community=alert.community_id, changes=_changes(None, checked, frozenset())
    )
    return alert


@transaction.atomic
def change_alert(alert: Alert, wanted: Wanted, *, at: datetime) -> Alert:
    """Change an alert. What it has fired stays; with another metric or community it begins anew with the days to come.

    Raises:
        Refused: ``alert.name``, ``alert.metric``, ``alert.nobody`` and ``alert.blind`` (nobody is told, or somebody who may not
            see it), ``alert.text``, or what `rules.check` refuses.
    """
    checked = _checked(wanted)
    now = Alert.objects.select_for_update(of=("self",)).select_related("community").get(pk=alert.pk)
    owners = {each.staff for each in now.told.select_related("staff")}
    changes = _changes(now, checked, frozenset(owners))
    if (now.metric, now.community_id, now.is_each) != (
        checked.metric, checked.community.pk if checked.community else None, checked.is_each,
    ):  # fmt: skip
        now.looked_day, now.recent = _standing(checked, at)
        now.recent_day, now.outcome = now.looked_day, outcome_before(now.recent)
    now.name, now.metric, now.community, now.is_each = checked.name, checked.metric, checked.community, checked.is_each
    now.condition, now.steps, now.duties = checked.condition.written, checked.steps, checked.duties
    now.due_at, now.changed_at = at, at
    now.save()
    now.told.exclude(staff__in=checked.owners).delete()
    AlertOwner.objects.bulk_create(
        [AlertOwner(alert=now, staff=each) for each in checked.owners], ignore_conflicts=True
    )
    audit.record(CHANGED, now, name=now.name, community=now.community_id, changes=changes)
    return now


@transaction.atomic
def delete_alert(alert: Alert) -> None:
    """Take an alert away with everything it fired."""
    audit.record(DELETED, alert, name=alert.name, community=alert.community_id)
    alert.delete()


@transaction.atomic
def mute_alert(alert: Alert, until: datetime, *, at: datetime) -> Alert:
    """Tell nobody until an instant; what fires till then is kept.

    Raises:
        Refused: ``alert.mute`` unless that is to come.
    """
    if until <= at:
        raise Refused("alert.mute")
    now = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    changes = {"muted_until": (now.muted_until, until)}
    now.muted_until = until
    now.save(update_fields=["muted_until"])
    audit.record(MUTED, now, name=now.name, community=now.community_id, changes=changes)
    return now


@transaction.atomic
def resume_alert(alert: Alert) -> Alert:
    """Tell people again."""
    now = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if now.muted_until is None:
        return now
    changes = {"muted_until": (now.muted_until, None)}
    now.muted_until = None
    now.save(update_fields=["muted_until"])
    audit.record(RESUMED, now, name=now.name, community=now.community_id, changes=changes)
    return now


@transaction.atomic
def acknowledge(firing: Firing, *, note: str = "", at: datetime) -> Firing:
    """Take a firing on, so that the others know; a note may say what is done about it.

    Raises:
        Refused: ``alert.taken`` when somebody has, before.
    """
    now = Firing.objects.select_for_update(of=("self",)).select_related("alert", "acknowledged_by").get(pk=firing.pk)
    if now.acknowledged_at is not None:
        raise Refused("alert.taken", name=now.acknowledged_by.name if now.acknowledged_by else "")
    now.acknowledged_at, now.acknowledged_by, now.note = at, audit.actor().staff, note.strip()[:500]
    now.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    name = f"{now.alert.name} {now.day}"
    audit.record(ACKNOWLEDGED, now, name=name, community=now.community_id, changes={"note": ("", now.note)})
    return now


def _checked(wanted: Wanted) -> Wanted:
    name, metric = " ".join(wanted.name.split()), metrics().get(wanted.metric)
    if not name or len(name) > 80:
        raise Refused("alert.name")
    if metric is None:
        raise Refused("alert.metric")
    check(wanted.condition, metric)
    if wanted.is_each and "community" not in metric.dimensions:
        raise Refused("alert.each", metric=str(metric.definition.title))
    if max(len(wanted.steps), len(wanted.duties)) > LONGEST_TEXT:
        raise Refused("alert.text", most=LONGEST_TEXT)
    if not 0 < len(wanted.owners) <= MOST_OWNERS:
        raise Refused("alert.nobody", most=MOST_OWNERS)
    seeing = {each.pk for each in who_may_see(metric.key, wanted.community)}
    blind = [each.name for each in wanted.owners if each.pk not in seeing]
    if blind:
        raise Refused("alert.blind", names="、".join(blind))
    return Wanted(
        name, metric.key, wanted.community, wanted.condition, tuple(wanted.owners), wanted.is_each, wanted.steps.strip(),
        wanted.duties.strip(),
    )  # fmt: skip


def _standing(wanted: Wanted, at: datetime) -> tuple[date, list[float | None]]:
    """Return the last day that is past for a new alert, and the days before it for the picture in the list."""
    ground, metric = ground_of(wanted.community, at), metrics()[wanted.metric]
    if ground is None:
        return local_day(at, "UTC"), []
    last = ground.last_known(metric)
    told = series_of(metric, ground, Period(date.fromordinal(last.toordinal() - 29), last), is_each=False)
    return last, recent_of(told[None], last)


def _changes(before: Alert | None, after: Wanted, owners: frozenset[Staff]) -> dict[str, tuple[object, object]]:
    """Return what differs, for the record."""
    old = before.condition if before is not None else {}
    new = after.condition.written
    found: dict[str, tuple[object, object]] = {
        "name": (before.name if before else "", after.name),
        "metric": (before.metric if before else "", after.metric),
        "is_each": (before.is_each if before else False, after.is_each),
        "told": ([each.name for each in owners], [each.name for each in after.owners]),
        "steps": (before.steps if before else "", after.steps),
        "duties": (before.duties if before else "", after.duties),
    }
    for key in ("kind", "threshold", "direction", "sensitivity", "weeks"):
        found[f"alert_{key}"] = (old.get(key, ""), new.get(key, ""))
    return found
