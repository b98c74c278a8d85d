"""What refusals about candidates say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.cultivation.kinds import MEASURES


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    named = {"state": _("状态"), "kind": _("种类"), "passed_over": _("不算有这些标签的人")}
    history.name_fields({**named, **{key: one.title for key, one in MEASURES.items()}})
    errors.declare(
        {
            "candidate.nothing_asked": _("至少要有一个条件大于 0，不然每个人都是人选。"),
            "candidate.minimum": _("条件要在 0 到 {most} 之间。"),
            "candidate.state": _("这个人现在是“{now}”，不能这样改。请刷新页面看看是不是同事改过了。"),
            "candidate.for_everybody": _("人选按所有社群里的表现找，需要能看全部成员的人来做；和订单有关的还要能看全部订单。"),
        }
    )  # fmt: skip
