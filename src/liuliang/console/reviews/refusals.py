"""What refusals about reviews say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"review_unit": _("多久一次")})
    history.name_values("review_unit", {"week": _("每周"), "month": _("每月")})
    errors.declare(
        {
            "review.place": _("这个社群的数据你看不到，不能订阅它的复盘。"),
            "review.not_subscribed": _("没有这个订阅，可能已经退订了。"),
        }
    )
