"""Loads, and what can be said of them, in words and as bars."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from liuliang.people.capacity import Load
from liuliang.ui import formats

OVER, FULL, ROOM = "over", "full", "room"
STATES = {
    OVER: (gettext_lazy("超出能带的"), "warn"),
    FULL: (gettext_lazy("刚好带满"), ""),
    ROOM: (gettext_lazy("还能带"), "good"),
}
"""The states of a load, with their tones."""

IN_CHARGE = gettext_lazy(
    "负责人是被点名到这个群、角色里能编辑社群和成员的同事；群里没有点名的，算离它最近的上级分支上点名的人。"
    "对全部社群有效的角色没有点名哪个群，不算负责人。几个人一起负责的群，每人都算一个：每个人都要看、要回。已归档的群不算。"
)

_WIDTH = 100


def state_of(load: Load, most: Load) -> str:
    """Name the state of a load."""
    if load.exceeds(most):
        return OVER
    return ROOM if load.leaves_room_in(most) else FULL


def load_words(load: Load, most: Load) -> str:
    """Say a load beside what can be run."""
    return _("{groups} / {most_groups} 个群，{members} / {most_members} 人").format(
        groups=formats.exact(load.groups), most_groups=formats.exact(most.groups),
        members=formats.exact(load.members), most_members=formats.exact(most.members),
    )  # fmt: skip


def over_words(load: Load, most: Load) -> str:
    """Say by what a load is beyond what can be run, the groups first."""
    told = []
    if load.groups > most.groups:
        told.append(
            ngettext("带了 {n} 个群，超出能带的 {most} 个", "带了 {n} 个群，超出能带的 {most} 个", load.groups).format(
                n=formats.exact(load.groups), most=formats.exact(most.groups)
            )
        )
    if load.members > most.members:
        told.append(
            _("群里共 {n} 人，超出能带的 {most} 人").format(
                n=formats.exact(load.members), most=formats.exact(most.members)
            )
        )
    return _("；").join(told)


def bar(amount: int, most: int) -> SafeString:
    """Draw an amount beside what can be run: the part beyond it has its own look, and the numbers stand beside it."""
    whole = max(amount, most)
    kept, rest = round(_WIDTH * min(amount, most) / whole), round(_WIDTH * most / whole)
    return format_html(
        '<span class="load-bar"><svg class="funnel-bar" viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="funnel-rest" width="{rest}" height="10"/><rect class="funnel-kept" width="{kept}" height="10"/>'
        '<rect class="load-over" x="{rest}" width="{over}" height="10"/></svg><span>{amount} / {most}</span></span>',
        width=_WIDTH, rest=rest, kept=kept, over=_WIDTH - rest, amount=formats.exact(amount), most=formats.exact(most),
    )  # fmt: skip
