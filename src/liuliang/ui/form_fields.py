"""How the console draws the widgets of Django's forms."""

from __future__ import annotations

from django import forms
from django.forms import BoundField
from django.utils.safestring import SafeString


def is_switch(field: BoundField) -> bool:
    """Tell whether the field is a single check box, whose label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


def is_choices(field: BoundField) -> bool:
    """Tell whether the field is a set of radio buttons or check boxes."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def draw_widget(field: BoundField) -> SafeString:
    """Draw a widget with the console's classes and, for screen readers, what describes it and whether it is wrong.

    A set of choices is drawn by its template, one by one.
    """
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    attributes: dict[str, str | bool] = {"class": f"{css} {widget.attrs.get('class', '')}".strip()}
    if field.errors:
        attributes["class"] = f"{attributes['class']} is-invalid"
        attributes["aria-invalid"] = "true"
    described = [
        f"{field.auto_id}_{part}" for part, shown in (("hint", field.help_text), ("error", field.errors)) if shown
    ]
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attributes)
