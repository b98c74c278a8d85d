"""Names of fields: a form hands out a field under its name, instead of what it has under that name itself."""

from __future__ import annotations

import re
from pathlib import Path

from django.forms import BaseForm
from django.urls import get_resolver

import liuliang

TAKEN = {
    "action", "addEventListener", "attributes", "children", "closest", "dispatchEvent", "elements", "form", "getAttribute",
    "id", "matches", "method", "parentElement", "parentNode", "querySelector", "remove", "reset", "setAttribute", "submit",
}  # fmt: skip
"""What the browser's code and the page's ask of a form."""


def _forms(kind: type[BaseForm]) -> list[type[BaseForm]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *_forms(sub))]


def test_no_field_takes_the_place_of_what_a_form_has_itself():
    get_resolver().url_patterns  # noqa: B018 - imports every view, and with them the forms
    mine = [form for form in _forms(BaseForm) if form.__module__.startswith("liuliang.")]
    assert len(mine) > 30
    wrong = [
        f"{form.__qualname__}.{name}" for form in mine for name in getattr(form, "base_fields", {}) if name in TAKEN
    ]
    folder = Path(liuliang.__file__).parent
    written = re.compile(r"<(?:input|select|textarea|button)\b[^>]*?\sname=\"([^\"{]+)\"")
    for template in sorted(folder.glob("**/*.html")):
        names = set(written.findall(template.read_text(encoding="utf-8"))) & TAKEN
        wrong += [f"{template.relative_to(folder)}: {name}" for name in names]
    assert wrong == []
