"""An alert in words: what it asks, of whom, and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.alerting.models import Alert, Firing
from liuliang.alerting.rules import Condition, read_condition
from liuliang.analytics.base import SIGNED, Metric, Style, metrics
from liuliang.console.analysis.metrics import write
from liuliang.people.models import Community

STATES: Mapping[str, tuple[str | Promise, str]] = {
    "ringing": (gettext_lazy("响了，待处理"), "bad"),
    "muted": (gettext_lazy("静音中"), "warn"),
    "fired": (gettext_lazy("响过，已处理"), ""),
    "quiet": (gettext_lazy("正常"), "good"),
    "short": (gettext_lazy("历史还不够"), ""),
    "thin": (gettext_lazy("人数太少"), ""),
    "nothing": (gettext_lazy("没有数据"), ""),
    "slow": (gettext_lazy("太慢，没算完"), "warn"),
    "gone": (gettext_lazy("社群或指标没有了"), "warn"),
}
"""What a state is called, and its tone."""

_CHANGES = {
    "down": gettext_lazy("比平常少得多"),
    "up": gettext_lazy("比平常多得多"),
    "either": gettext_lazy("和平常差得多"),
}

SHORT_SENSITIVITIES = {
    "rare": gettext_lazy("只报大事"),
    "usual": gettext_lazy("适中"),
    "keen": gettext_lazy("灵敏"),
}


def metric_title(key: str) -> str:
    """Return what a metric is called; one that is gone, its key."""
    found = metrics().get(key)
    return str(found.definition.title) if found is not None else key


def style_of(key: str) -> Style:
    """Return how values of a metric are written."""
    found = metrics().get(key)
    return found.style if found is not None else "count"


def write_value(key: str, value: float | None) -> str:
    """Write a value of a metric, with its unit where its style does not say it."""
    found = metrics().get(key)
    text = write(style_of(key), value)
    if value is None or found is None or found.style in {"money", "percent", "duration"} or not found.definition.unit:
        return text
    return f"{text} {found.definition.unit}"


def condition_words(metric: str, condition: Condition) -> str:
    """Say what is asked of a day."""
    if condition.kind == "above":
        return _("高于 {value}").format(value=write_value(metric, condition.threshold))
    if condition.kind == "below":
        return _("低于 {value}").format(value=write_value(metric, condition.threshold))
    return _("{change}（同一个星期几，近 {weeks} 周，{sensitivity}）").format(
        change=_CHANGES[condition.direction],
        weeks=condition.weeks,
        sensitivity=SHORT_SENSITIVITIES[condition.sensitivity],
    )


def alert_words(alert: Alert) -> str:
    """Say what an alert asks: which metric, and what of it."""
    return f"{metric_title(alert.metric)} {condition_words(alert.metric, read_condition(alert.condition))}"


def place_words(community: Community | None, *, is_each: bool = False) -> str:
    """Say which communities are looked at."""
    name = community.name if community is not None else _("全部社群")
    return _("{name} · 每个群各看各的").format(name=name) if is_each else name


def firing_words(firing: Firing) -> str:
    """Say in a sentence what a firing found."""
    metric = firing.alert.metric
    value = write_value(metric, firing.value)
    if firing.expected is None or firing.low is None or firing.high is None:
        threshold = read_condition(firing.condition)
        words = _("{metric} {value}，{condition}")
        return words.format(metric=metric_title(metric), value=value, condition=condition_words(metric, threshold))
    return _("{metric} {value}，平常是 {expected}（{low} ~ {high}）").format(
        metric=metric_title(metric),
        value=value,
        expected=write(style_of(metric), round_of(metric, firing.expected)),
        low=write(style_of(metric), floor_of(metric, firing.low)),
        high=write(style_of(metric), round_of(metric, firing.high)),
    )


def round_of(metric: str, value: float) -> float:
    """Return a value that was worked out, as people say it: whole where the metric counts."""
    return float(round(value)) if style_of(metric) == "count" else value


def floor_of(metric: str, low: float) -> float:
    """Return the lower end of an interval: never less than nothing of what cannot be."""
    return round_of(metric, low if metric in SIGNED else max(0.0, low))


def state_of(alert: Alert, unacknowledged: int, at: datetime) -> str:
    """Return the key of how an alert stands."""
    if metrics().get(alert.metric) is None or (alert.community is not None and alert.community.archived_at is not None):
        return "gone"
    if unacknowledged:
        return "ringing"
    if alert.muted_until is not None and alert.muted_until > at:
        return "muted"
    return alert.outcome if alert.outcome in STATES else "quiet"


def alert_url(alert: Alert) -> str:
    """Return the address of an alert's page."""
    return reverse("console:alert", args=[alert.public_id])


def unit_words(metric: Metric) -> str:
    """Say in which unit a threshold of a metric is entered."""
    if metric.style == "money":
        return _("元")
    if metric.style == "percent":
        return "%"
    return _("分钟") if metric.style == "duration" else str(metric.definition.unit)
