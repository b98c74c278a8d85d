"""What refusals about health say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"stage": _("阶段"), "reason": _("理由")})
    errors.declare(
        {
            "health.weight": _("“{part}”的权重要在 0 到 {most} 之间。"),
            "health.weightless": _("权重不能全是 0，至少留一项。"),
            "health.for_everybody": _("权重由所有社群共用，需要能改全部社群的人来改。"),
            "stage.unknown": _("没有“{stage}”这个阶段，请重新选。"),
        }
    )
