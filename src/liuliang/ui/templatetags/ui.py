"""The components of the console as template tags: ``{% load ui %}``. The page of this package shows each of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from liuliang.ui import formats
from liuliang.ui.assets import asset_url
from liuliang.ui.charts import Chart
from liuliang.ui.figures import Change, Figure
from liuliang.ui.form_fields import draw_widget, is_choices, is_switch
from liuliang.ui.progress import Progress
from liuliang.ui.sparklines import sparkline

register = template.Library()

register.simple_tag(asset_url, name="asset")
register.simple_tag(sparkline, name="spark")
register.filter("badge", formats.badge)
register.filter("listed", formats.listed)
register.filter("exact", formats.exact)
register.filter("percent", formats.percent)
register.filter("chance", formats.chance)
register.filter("duration", formats.duration)
register.filter("file_size", formats.file_size)


@register.simple_tag(name="icon")
def draw_icon(name: str, css: str = "", label: str = "") -> SafeString:
    """Draw a Tabler icon from the sprite; with a label it is an image of its own, else decoration."""
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"/></svg>',
        css,
        format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"'),
        asset_url("icons.svg"),
        name,
    )


@register.filter
def count(value: float | None) -> SafeString | str:
    """Write a count shortly, exact on hover."""
    if value is None:
        return "–"
    short, full = formats.count(value), formats.exact(value)
    return short if short == full else format_html('<data value="{}" title="{}">{}</data>', value, full, short)


@register.filter
def money(minor: int | None, currency: str = "CNY") -> str:
    """Write an amount of minor units exactly."""
    return "–" if minor is None else formats.money(minor, currency)


@register.filter
def money_short(minor: int | None, currency: str = "CNY") -> SafeString | str:
    """Write an amount of minor units shortly, exact on hover."""
    if minor is None:
        return "–"
    return format_html(
        '<data value="{}" title="{}">{}</data>',
        minor,
        formats.money(minor, currency),
        formats.money_short(minor, currency),
    )


@register.filter
def ago(instant: datetime | None) -> SafeString | str:
    """Write an instant relative under a week, exact on hover; kept fresh by the page's script."""
    # A template gives "" where a link of the chain is missing, such as the activity of somebody who never spoke.
    if not instant:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        instant.isoformat(),
        formats.exact_time(instant),
        formats.ago(instant),
    )


@register.filter
def instant(value: datetime | None) -> SafeString | str:
    """Write an instant as a short date and time, exact on hover."""
    if not value:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formats.exact_time(value),
        formats.short_time(value),
    )


@register.filter
def day(value: date | None) -> SafeString | str:
    """Write a day; of an instant, the day it falls on here."""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return "–" if not value else format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))


@register.simple_tag
def tag(text: object, tone: str = "", *, icon: str = "") -> SafeString:
    """Draw a badge. ``tone`` is act, good, bad, warn or nothing: colour means state only."""
    picture = draw_icon(icon) if icon else ""
    return format_html('<span class="tag{}">{}{}</span>', f" tag-{tone}" if tone else "", picture, text)


@register.simple_tag
def face(name: str, css: str = "") -> SafeString:
    """Draw the initials of a name on a ground that belongs to the name."""
    ground = zlib.crc32(name.encode()) % 8
    return format_html('<span class="face face-{} {}" aria-hidden="true">{}</span>', ground, css, initials(name))


def initials(name: str) -> str:
    """Return what stands for a name: the last character of a Chinese name, the first letters of up to two words of others."""
    words = name.replace("@", " ").split()
    if not words:
        return "?"
    if any("\u4e00" <= letter <= "\u9fff" for letter in name):
        letters = [letter for letter in name if "\u4e00" <= letter <= "\u9fff"]
        return letters[-1] if len(letters) <= 4 else letters[0]
    return "".join(word[0] for word in words[:2]).upper()


@register.inclusion_tag("ui/parts/figure.html")
def figure(value: Figure) -> dict[str, Any]:
    """Draw a number with its unit, period, change and picture."""
    return {"figure": value}


@register.inclusion_tag("ui/parts/change.html")
def change(value: Change | None) -> dict[str, Any]:
    """Draw a change: green or red only beyond noise, the interval on hover."""
    return {"change": value}


@register.inclusion_tag("ui/parts/chart.html")
def chart(value: Chart) -> dict[str, Any]:
    """Draw a chart as a card with its definition and its table."""
    return {"chart": value}


@register.inclusion_tag("ui/parts/counted.html")
def counted(text: object, title: object = "") -> dict[str, Any]:
    """Draw "how is this counted"; where a page has several, ``title`` tells them apart."""
    return {"text": text, "title": title}


@register.inclusion_tag("ui/parts/progress.html")
def progress(value: Progress, url: str = "") -> dict[str, Any]:
    """Draw the progress of long work; while it runs, the part asks ``url`` for a newer drawing of itself every second."""
    return {"progress": value, "url": url}


@register.inclusion_tag("ui/parts/empty.html")
def empty(
    title: object, text: object, button: object = "", url: str = "", *, picture: str = "list", is_dialog: bool = False
) -> dict[str, Any]:
    """Draw an empty state: what this is for, a picture of it filled (list, chart or chat), the one button that fills it."""
    return {"title": title, "text": text, "button": button, "url": url, "picture": picture, "is_dialog": is_dialog}


@register.inclusion_tag("ui/parts/tabs.html")
def tabs(items: Sequence[tuple[object, str, object]], current: str) -> dict[str, Any]:
    """Draw tabs from (title, address, count or None); the one whose address is ``current`` is chosen."""
    return {"items": items, "current": current}


@register.inclusion_tag("ui/parts/timeline.html")
def timeline(moments: Sequence[Any]) -> dict[str, Any]:
    """Draw moments: things with at, title and icon, and if they have them tone, text and url."""
    return {"moments": moments}


@register.inclusion_tag("ui/parts/dropzone.html", takes_context=True)
def dropzone(
    context: RequestContext,
    url: str,
    title: object,
    hint: object = "",
    *,
    plain_hint: object = "",
    accept: str = "",
    name: str = "file",
) -> dict[str, Any]:
    """Draw a place to drop files; each is sent to ``url`` by itself, and the HTML that answers takes its place.

    ``plain_hint`` stands beside the button that sends the files where the browser runs no script.
    """
    return {
        "url": url,
        "title": title,
        "hint": hint,
        "plain_hint": plain_hint,
        "accept": accept,
        "name": name,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("ui/parts/skeleton.html")
def skeleton(lines: int = 5, *, of_chart: bool = False) -> dict[str, Any]:
    """Draw a place of the right size for something that is being loaded."""
    return {"lines": range(lines), "of_chart": of_chart}


@register.inclusion_tag("ui/parts/form.html")
def form_fields(form: BaseForm, *, wide: bool = False) -> dict[str, Any]:
    """Draw the fields and errors of a form; the form element, the token and the buttons are the page's."""
    return {"form": form, "wide": wide}


@register.inclusion_tag("ui/parts/field.html")
def form_field(field: BoundField) -> dict[str, Any]:
    """Draw one field with its label, hint and errors."""
    return {
        "field": field,
        "widget": "" if is_choices(field) else draw_widget(field),
        "is_switch": is_switch(field),
        "is_choices": is_choices(field),
    }
