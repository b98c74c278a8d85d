"""The forms about accounts: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.models import Role
from liuliang.accounts.permissions import PERMISSIONS

if TYPE_CHECKING:
    from liuliang.people.models import Community

EVERYWHERE = "everywhere"
_INDENT = "\u3000"
_CHOOSE = ("", _("请选择"))
Choices = Sequence[tuple[str, str | Promise]]


class SignInForm(forms.Form):
    """E-mail and password."""

    email = forms.EmailField(
        label=_("邮箱"), max_length=254, widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("密码"), max_length=200, strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )


class CodeForm(forms.Form):
    """A code of the second factor."""

    code = forms.CharField(
        label=_("验证码"),
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
    )


class _NewPassword(forms.Form):
    password = forms.CharField(
        label=_("密码"),
        help_text=_("至少 10 个字符，不要用常见的密码。"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class SetUpForm(_NewPassword):
    """The first owner."""

    email = forms.EmailField(
        label=_("邮箱"), max_length=254, widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
    )
    name = forms.CharField(label=_("名字"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("email", "name", "password")


class JoinForm(_NewPassword):
    """Someone who was invited; the e-mail is there for the browser's password store."""

    email = forms.EmailField(
        label=_("邮箱"), disabled=True, required=False, widget=forms.EmailInput({"autocomplete": "username"})
    )
    name = forms.CharField(label=_("名字"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    field_order = ("email", "name", "password")


class ProfileForm(forms.Form):
    """How a person is called and which language they read."""

    name = forms.CharField(label=_("名字"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("语言"),
        required=False,
        choices=[("", _("跟随浏览器")), *settings.LANGUAGES],
        help_text=_("在所有设备上使用。"),
    )


class PasswordForm(forms.Form):
    """A new password for oneself."""

    current = forms.CharField(
        label=_("当前密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("新密码"),
        help_text=_("至少 10 个字符，不要用常见的密码。其他设备上的登录会退出。"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class ConfirmForm(forms.Form):
    """One's password, asked again before something that matters."""

    password = forms.CharField(
        label=_("你的密码"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class GrantForm(forms.Form):
    """A role, and where it holds."""

    role = forms.ChoiceField(label=_("角色"))
    where = forms.ChoiceField(label=_("范围"), help_text=_("包括其下的所有社群。"))

    def __init__(self, data: Any = None, *, roles: Iterable[Role], places: Choices, prefix: str | None = None) -> None:
        super().__init__(data, prefix=prefix)
        self._roles = {str(role.pk): role for role in roles}
        # Nothing is chosen in advance: the first role and the widest place would be the most that can be given.
        titles = [(key, role_title(role)) for key, role in self._roles.items()]
        self.fields["role"].choices = [_CHOOSE, *titles]  # type: ignore[attr-defined]
        self.fields["where"].choices = [_CHOOSE, *places]  # type: ignore[attr-defined]

    @property
    def chosen_role(self) -> Role:
        """Return the chosen role."""
        return self._roles[self.cleaned_data["role"]]


class InviteForm(GrantForm):
    """Someone new, with a first role."""

    email = forms.EmailField(label=_("邮箱"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(label=_("名字"), max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    field_order = ("email", "name", "role", "where")


class RoleForm(forms.Form):
    """A role: its name and what it allows."""

    name = forms.CharField(label=_("名称"), max_length=100)
    description = forms.CharField(label=_("说明"), max_length=300, required=False)
    permissions = forms.MultipleChoiceField(
        label=_("权限"), required=False, choices=[(key, one.title) for key, one in PERMISSIONS.items()]
    )


def role_title(role: Role) -> str:
    """Return a role's name in the reader's language: built-in ones are translated while they keep their name."""
    return _now(role.name) if role.key else role.name


def role_text(role: Role) -> str:
    """Return a role's description, likewise."""
    return _now(role.description) if role.key and role.description else role.description


def place_choices(communities: Iterable[Community], *, everywhere: bool) -> Choices:
    """Return communities as choices, children under their parents and set in, with "everywhere" first if it may be chosen."""
    known = {community.pk: community for community in communities}
    below: dict[int | None, list[Community]] = {}
    for community in sorted(known.values(), key=lambda one: one.name):
        below.setdefault(community.parent_id if community.parent_id in known else None, []).append(community)

    def walk(parent: int | None, depth: int) -> Iterable[tuple[str, str]]:
        for community in below.get(parent, []):
            yield community.public_id, _INDENT * depth + community.name
            yield from walk(community.pk, depth + 1)

    first: list[tuple[str, str | Promise]] = [(EVERYWHERE, _("全部社群，包括以后新建的"))] if everywhere else []
    return [*first, *walk(None, 0)]
