"""Keys for other systems: which there are, who made them and when they were last used; making and taking back."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache

from liuliang.accounts.permissions import KEYS_MANAGE, PERMISSIONS
from liuliang.console import errors
from liuliang.console.accounts.forms import EVERYWHERE, Choices, place_choices
from liuliang.console.dialogs import INVALID
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.fields import KeyedForm
from liuliang.console.once import once_for
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people import keys
from liuliang.people.access import Access
from liuliang.people.models import ApiKey, Community
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells
from liuliang.ui.toasts import refresh_lists, toast

ACTIVE, REVOKED, ORPHANED = "active", "revoked", "orphaned"
STATES = {
    ACTIVE: (gettext_lazy("可用"), "good"),
    REVOKED: (pgettext_lazy("key", "已作废"), ""),
    ORPHANED: (gettext_lazy("生成它的员工已停用"), "warn"),
}


class KeyForm(KeyedForm):
    """What a key is called, where it holds and what it may do."""

    name = forms.CharField(
        label=gettext_lazy("名字"), max_length=80, help_text=gettext_lazy("给谁用，例如“小程序商城”。会写进操作日志。")
    )
    where = forms.ChoiceField(label=gettext_lazy("在哪些社群有效"))
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("能做什么"), widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("只勾用得到的；针对某位成员的都要勾“查看成员”。积分的权限只对“全部社群”的密钥有效。你失去的权限，密钥也随之失去。"),
    )  # fmt: skip

    def __init__(self, *arguments: object, places: Choices, held: Choices, **options: object) -> None:
        super().__init__(*arguments, **options)
        for field, choices in (("where", places), ("permissions", held)):
            self.fields[field].choices = choices  # type: ignore[attr-defined]


def state_of(key: ApiKey) -> str:
    """Name the state a key is in."""
    if key.revoked_at is not None:
        return REVOKED
    return ACTIVE if key.staff.is_active else ORPHANED


def _narrow_to_state(rows: QuerySet[ApiKey], state: str) -> QuerySet[ApiKey]:
    if state == REVOKED:
        return rows.exclude(revoked_at=None)
    return rows.filter(revoked_at=None, staff__is_active=state == ACTIVE)


def _name(key: ApiKey) -> SafeString:
    return format_html('{} <span class="faint">…{}</span>', key.name, key.hint)


def _allowed(key: ApiKey) -> list[str]:
    return [str(PERMISSIONS[one].title) for one in key.permissions if one in PERMISSIONS]


KEYS = Listing(
    key="keys",
    title=gettext_lazy("接口密钥"),
    columns=(
        Column("name", gettext_lazy("名字"), value="name", cell=_name, sort="name", is_fixed=True),
        Column("where", gettext_lazy("范围"), value=lambda key: key.community.name if key.community else _("全部社群")),
        Column("permissions", gettext_lazy("能做什么"), value=_allowed, show=cells.tags),
        Column("staff", gettext_lazy("谁生成的"), value=lambda key: key.staff.name),
        Column("used_at", gettext_lazy("上次使用"), value="used_at", show=cells.ago, align="end"),
        Column("created_at", gettext_lazy("生成时间"), value="created_at", show=cells.day, sort="created_at", align="end"),
        Column("state", gettext_lazy("状态"), value=state_of, show=cells.state(STATES)),
    ),
    filters=(
        Text("q", gettext_lazy("搜索名字"), fields=("name",)),
        Choice(
            "state", gettext_lazy("状态"), options=[Option(key, words) for key, (words, _tone) in STATES.items()],
            narrow=_narrow_to_state,
        ),
    ),
    default_sort="-created_at",
    row_actions="console/accounts/key_actions.html",
    export_name=gettext_lazy("接口密钥"),
    empty=Empty(
        gettext_lazy("还没有接口密钥"),
        gettext_lazy("给商城、收银或自己写的程序一个密钥，它就能写入订单、退款、查积分、发积分、发券和兑换，权限不超过你勾选的。"),
        gettext_lazy("生成密钥"),
        "/keys/new/",
        permission=KEYS_MANAGE,
    ),
)  # fmt: skip


@finds("api_key")
def find_key(access: Access, permission: str, value: str) -> ApiKey | None:
    """Return the key with this public id, if one may take it back."""
    del permission
    return keys.keys(access).filter(public_id=value).first()


@page(permission=KEYS_MANAGE)
def key_list(request: StaffRequest) -> HttpResponseBase:
    """List the keys in one's scope."""
    rows = keys.keys(request.access).select_related("staff", "community")
    return KEYS.respond(request, rows, template="console/accounts/keys.html")


@page(permission=KEYS_MANAGE, methods=("GET", "POST"))
@never_cache
def new_key(request: StaffRequest) -> HttpResponse:
    """Make a key, and show its secret, this once."""
    access = request.access
    form = KeyForm(request.POST or None, places=_places(access), held=_held(access))
    made: list[keys.Made] = []
    if form.is_valid():
        told = form.cleaned_data

        def make() -> int:
            made.append(
                keys.make_key(
                    access, name=told["name"], permissions=told["permissions"], community=_place(access, told["where"]),
                    at=clock.now(),
                )
            )  # fmt: skip
            return int(made[0].key.pk)

        try:
            once_for(request, told["key"], make)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            if made:
                return render(request, "console/accounts/key_made.html", {"key": made[0].key, "secret": made[0].secret})
            messages.warning(request, _("这个密钥已经显示过一次。没有记下的话，作废它，再生成一个。"))
            return redirect("console:keys")
    return render(request, "console/accounts/key.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=KEYS_MANAGE, methods=("POST",))
def revoke_key(request: StaffRequest, api_key: ApiKey) -> HttpResponse:
    """Let a key do nothing any more."""
    keys.revoke_key(api_key, at=clock.now())
    return refresh_lists(toast(HttpResponse(), _("已作废，用它的请求从现在起都会被拒绝。")))


def _places(access: Access) -> Choices:
    communities = access.communities(KEYS_MANAGE).filter(archived_at__isnull=True)
    return place_choices(communities, everywhere=access.may_everywhere(KEYS_MANAGE))


def _held(access: Access) -> Choices:
    return [(key, PERMISSIONS[key].title) for key in keys.FOR_KEYS if access.may(key)]


def _place(access: Access, chosen: str) -> Community | None:
    return None if chosen == EVERYWHERE else access.communities(KEYS_MANAGE).get(public_id=chosen)
