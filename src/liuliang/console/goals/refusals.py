"""What refusals about goals say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"target": _("目标值")})
    errors.declare(
        {
            "goal.metric": _("没有这个指标了，请换一个。"),
            "goal.target": _("目标值要大于零。"),
            "goal.days": _("结束那天不能早于开始那天，一个目标最长 {most} 天。"),
        }
    )
