"""The forms about members: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.console.fields import day_field
from liuliang.people.models import AttributeDefinition, Tag, TagGroup
from liuliang.people.profile import NEEDS, TYPES
from liuliang.people.tagging import create_group, create_tag


def tag_choices() -> list[tuple[str, str | list[tuple[int, str]]]]:
    """Return every tag under its group, after a choice of none: a dialog must not offer a tag that nobody chose."""
    grouped: dict[str, list[tuple[int, str]]] = {}
    for tag in Tag.objects.select_related("group").order_by("group__position", "group__name", "name"):
        title = _now("{group}（互斥）").format(group=tag.group.name) if tag.group.is_exclusive else tag.group.name
        grouped.setdefault(title, []).append((tag.pk, tag.name))
    return [("", _now("请选择")), *grouped.items()]


class UntagForm(forms.Form):
    """A tag to take off."""

    tag = forms.ModelChoiceField(Tag.objects.select_related("group"), label=_("标签"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["tag"].choices = tag_choices()  # type: ignore[attr-defined]


class TagForm(UntagForm):
    """A tag to put on, one that there is or a new one, and until when."""

    new = forms.CharField(label=_("或者新建标签"), max_length=60, required=False)
    group = forms.ModelChoiceField(
        TagGroup.objects.order_by("position", "name"), label=_("新标签放在"), required=False, empty_label=_("请选择")
    )
    until = day_field(_("有效期至"), required=False, help_text=_("留空则一直有效。"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["tag"].required = False
        if not TagGroup.objects.exists():
            del self.fields["group"]

    def clean(self) -> dict[str, Any]:
        """Refuse a choice of nothing, or of both."""
        told = super().clean() or {}
        new, group = told.get("new", ""), told.get("group")
        if bool(new) == (told.get("tag") is not None):
            self.add_error("tag", _now("选一个标签，或者新建一个。"))
        elif new and group is None and "group" in self.fields:
            self.add_error("group", _now("选新标签放在哪个标签组。"))
        return told

    def chosen(self, at: datetime) -> Tag:
        """Return the tag; a new one is made, in a group of its own kind where there is none.

        Raises:
            Refused: ``tag.name_taken``, ``tag.name_empty``.
        """
        told = self.cleaned_data
        if told["tag"] is not None:
            tag: Tag = told["tag"]
            return tag
        group = told.get("group") or create_group(_now("常用"), is_exclusive=False)
        return create_tag(group, told["new"], at=at)

    @property
    def expires_at(self) -> datetime | None:
        """Return the end of the chosen day."""
        day = self.cleaned_data.get("until")
        return None if day is None else datetime.combine(day, time.max, timezone.get_current_timezone())


class GroupForm(forms.Form):
    """A group of tags."""

    name = forms.CharField(label=_("标签组名称"), max_length=60)
    is_exclusive = forms.BooleanField(
        label=_("互斥：一个成员最多有其中一个"),
        required=False,
        help_text=_("例如“等级”“城市”：后打的会替换先打的。"),
    )


class NewTagForm(forms.Form):
    """A tag of a group; the group comes from the address."""

    name = forms.CharField(label=_("标签名称"), max_length=60)


class ChangeTagForm(NewTagForm):
    """A tag's name and group."""

    group = forms.ModelChoiceField(TagGroup.objects.order_by("position", "name"), label=_("标签组"), empty_label=None)


class NoteForm(forms.Form):
    """Something about a member."""

    text = forms.CharField(
        label=_("备注"), max_length=5_000, widget=forms.Textarea({"rows": 3, "placeholder": _("写下值得同事知道的事")})
    )


class NeedsForm(forms.Form):
    """What a member is here for."""

    needs = forms.MultipleChoiceField(
        label=_("需求"), choices=list(NEEDS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )


class AttributeForm(forms.Form):
    """One field of the profile, asked for in the way of its type."""

    def __init__(self, definition: AttributeDefinition, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["value"] = _field(definition)


class ChangeDefinitionForm(forms.Form):
    """A field of the profile that exists: its type stays."""

    title = forms.CharField(label=_("名称"), max_length=100)
    choices = forms.CharField(
        label=_("选项"),
        required=False,
        help_text=_("类型是单选时填写，每行一个。"),
        widget=forms.Textarea({"rows": 4}),
    )
    is_personal = forms.BooleanField(
        label=_("个人信息"), required=False, initial=True, help_text=_("能认出或联系到本人的内容。")
    )

    @property
    def lines(self) -> list[str]:
        """Return the choices, one a line."""
        return str(self.cleaned_data.get("choices", "")).splitlines()


class DefinitionForm(ChangeDefinitionForm):
    """A new field of the profile."""

    type = forms.ChoiceField(label=_("类型"), choices=list(TYPES.items()))
    field_order = ("title", "type", "choices", "is_personal")


class MergeForm(forms.Form):
    """Why two members are one person; who the other is comes from the list beside it."""

    other = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("依据"), max_length=300, required=False, help_text=_("只有能合并成员的同事看得到。")
    )


def _field(definition: AttributeDefinition) -> forms.Field:
    options: dict[str, Any] = {"label": definition.title, "required": False}
    if definition.type == "choice":
        return forms.ChoiceField(choices=[("", "—"), *((one, one) for one in definition.choices)], **options)
    if definition.type == "boolean":
        return forms.ChoiceField(choices=[("", "—"), ("1", _("是")), ("0", _("否"))], **options)
    widgets = {"date": forms.DateInput({"type": "date"}), "number": forms.TextInput({"inputmode": "decimal"})}
    return forms.CharField(max_length=500, widget=widgets.get(definition.type, forms.TextInput()), **options)
