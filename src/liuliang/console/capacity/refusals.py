"""What refusals about capacity say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"able_groups": _("能带的群"), "able_members": _("能带的成员")})
    errors.declare(
        {
            "capacity.groups": _("能带的群要在 1 到 {most} 之间。"),
            "capacity.members": _("能带的成员要在 1 到 {most} 之间。"),
            "capacity.for_everybody": _("每人能带多少由所有社群共用，需要能管理全部员工的人来改。"),
        }
    )
