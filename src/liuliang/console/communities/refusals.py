"""What refusals about communities say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.people.communities import TYPES


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "type": _("类型"),
            "parent": _("上级"),
            "timezone": _("时区"),
            "size_limit": _("人数上限"),
            "house_rules": _("群规"),
            "is_group": _("是一个群"),
            "fields": _("改了"),
        }
    )
    history.name_values("type", {key: _(type_.title) for key, type_ in TYPES.items()})
    errors.declare(
        {
            "community.name_empty": _("请填写社群的名称。"),
            "community.type_unknown": _("没有“{type}”这种类型。"),
            "community.type_same": _("已经是这种类型了。"),
            "community.zone_unknown": _("没有“{zone}”这个时区。"),
            "community.size_unusable": _("人数上限要在 1 到 1,000,000 之间。"),
            "community.cycle": _("不能把社群移到它自己下面。"),
            "community.move_takes": _("要把社群从现在的位置移走，您还需要能编辑它的上级社群。"),
            "community.move_gives": _("不能移到那里：您在新上级的权限比在这个社群的多，移过去会扩大您的权限。"),
            "community.parent_archived": _("上级社群已归档，请先恢复它或换一个位置。"),
            "community.too_deep": _("层级太深，最多 {most} 层。"),
            "community.archived": _("这个社群已经归档了。"),
            "community.not_archived": _("这个社群没有归档。"),
            "community.logo_unusable": _("标志要用 PNG、JPEG 或 WebP 图片，不超过 100 KB。"),
        }
    )
