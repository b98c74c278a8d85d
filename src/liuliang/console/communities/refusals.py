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
            "leader": _("小头领"),
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
            "circle.name_empty": _("请给小圈子起个名字。"),
            "circle.name_taken": _("这个群已经有叫“{name}”的小圈子了，换个名字。"),
            "circle.size": _("小圈子要有 {fewest} 到 {most} 个现在在群里的人。"),
            "circle.leader": _("小头领要是圈子里的人。"),
            "circle.known": _("这些人里一大半已经在小圈子“{name}”里了，可能同事刚刚确认过。到那个圈子里加人或移人。"),
            "circle.disbanded": _("这个小圈子已经解散了，要改先恢复它。"),
            "circle.standing": _("这个小圈子没有解散。"),
            "circle.not_in": _("这个人已经不在圈子里了。请刷新页面看看是不是同事改过了。"),
            "community.logo_unusable": _("标志要用 PNG、JPEG 或 WebP 图片，不超过 100 KB。"),
        }
    )
