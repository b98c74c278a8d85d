"""What a person may correct before an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.console.fields import day_field
from liuliang.console.timezones import zone_choices
from liuliang.importers.base import Inspection, Options, sources
from liuliang.importers.models import Import
from liuliang.importers.zones import zone_before
from liuliang.people.models import Community

ENCODINGS = (
    ("", _("自动识别")),
    ("utf-8", "UTF-8"),
    ("gb18030", "GB18030 / GBK"),
    ("utf-16-le", "UTF-16 LE"),
    ("utf-16-be", "UTF-16 BE"),
    ("big5hkscs", "Big5"),
)
ORDERS = (("", _("自动识别")), ("ymd", _("年-月-日")), ("mdy", _("月-日-年")), ("dmy", _("日-月-年")))
IGNORED = "-"


class SourceForm(forms.Form):
    """How the file is read: the format and the encoding, when they were not recognised."""

    source = forms.ChoiceField(label=_("格式"), required=False)
    encoding = forms.ChoiceField(label=_("文字编码"), required=False, choices=ENCODINGS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(source.key, source.title) for source in sources()]
        self.fields["source"].choices = [("", _("自动识别")), *known]  # type: ignore[attr-defined]


class StartForm(forms.Form):
    """Where the content goes and what its times mean."""

    community = forms.ModelChoiceField(queryset=Community.objects.none(), label=_("导入到社群"), required=False)
    timezone = forms.ChoiceField(label=_("文件里的时间是哪个时区的"))
    is_sure = forms.BooleanField(
        label=_("时区和以前不同也导入"),
        required=False,
        help_text=_("只在这是另一段时间的记录时勾选：同一条消息按两个时区导入会算两次。"),
    )
    date_order = forms.ChoiceField(label=_("日期的顺序"), choices=ORDERS, required=False)
    first_day = day_field(_("第一行是哪一天"), required=False)

    def __init__(
        self,
        row: Import,
        communities: Iterable[Community],
        *,
        may_create: bool,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        self.inspection = msgspec.convert(row.inspection, Inspection)
        first_day = self.inspection.first_day
        before = zone_before(row)
        initial = {"timezone": before or row.timezone, "community": row.community_id, "first_day": first_day}
        super().__init__(data, initial=initial)
        self.fields["timezone"].choices = zone_choices(before or row.timezone)  # type: ignore[attr-defined]
        kind = sources()[row.source].kind
        field = self.fields["community"]
        field.queryset = communities  # type: ignore[attr-defined]
        field.required = not may_create
        if kind == "chat":
            field.empty_label = _("自动：已知的群进原来的社群，新群建新社群")  # type: ignore[attr-defined]
        else:
            field.empty_label = _("不属于某一个社群")  # type: ignore[attr-defined]
        if len(self.inspection.chats) > 1:
            field.help_text = _("文件里有多个群，每个群进自己的社群。")
            field.disabled = True
        if self.inspection.timezone_known:
            self.fields["timezone"].help_text = _("文件里的时间带有时区，这里不影响它们。")
        elif before:
            self.fields["timezone"].help_text = _now("这个群以前是按 {zone} 导入的。").format(zone=before)
        if not before:
            del self.fields["is_sure"]
        if not self.inspection.date_order:
            del self.fields["date_order"]
        if first_day is None and "date_missing" not in self.inspection.warnings:
            del self.fields["first_day"]
        self._add_columns(row)

    def _add_columns(self, row: Import) -> None:
        titles = getattr(sources()[row.source], "field_titles", None)
        if not self.inspection.columns or titles is None:
            return
        choices = [("", _("自动")), (IGNORED, _("不导入")), *titles.items()]
        for number, column in enumerate(self.inspection.columns):
            self.fields[f"column-{number}"] = forms.ChoiceField(
                label=column.header or "—",
                choices=choices,
                required=False,
                initial=column.field,
                help_text="、".join(filter(None, column.samples))[:80],
            )

    def options(self) -> Options:
        """Return what was corrected, of a valid form."""
        columns = {
            column.header: "" if chosen == IGNORED else chosen
            for number, column in enumerate(self.inspection.columns)
            if (chosen := self.cleaned_data.get(f"column-{number}")) and chosen != column.field
        }
        return Options(
            encoding=self.inspection.encoding,
            date_order=self.cleaned_data.get("date_order", ""),
            columns=columns,
            first_day=self.cleaned_data.get("first_day"),
        )
