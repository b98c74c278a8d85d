"""Sentences that both the server and the page's script say, so that they stand in one place."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WEEKDAYS = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
"""The days of the week, Monday first."""

# The keys are names in the script; {name} is filled on either side.
WORDS = {
    "now": _("刚刚"),
    "minutesAgo": _("{n} 分钟前"),
    "hoursAgo": _("{n} 小时前"),
    "dayAgo": pgettext_lazy("exactly one", "{n} 天前"),
    "daysAgo": _("{n} 天前"),
    "minutesAhead": _("{n} 分钟后"),
    "hoursAhead": _("{n} 小时后"),
    "dayAhead": pgettext_lazy("exactly one", "{n} 天后"),
    "daysAhead": _("{n} 天后"),
    "inSeconds": _("{n} 秒"),
    "inMinutes": _("{n} 分钟"),
    "inHours": _("{n} 小时"),
    "sure": _("请确认"),
    "confirm": _("确定"),
    "type": _("输入“{name}”以确认"),
    "forbidden": _("你没有权限这样做，什么都没有改变。"),
    "failed": _("没有成功，什么都没有改变。请再试一次；仍不行请联系管理员。"),
    "offline": _("连不上服务器。请检查网络后再试。"),
    "tooLarge": _("文件太大，服务器没有收下。"),
    "uploading": _("已上传 {percent}%，约还需 {left} 秒"),
    "reading": _("已上传，正在识别…"),
    "copied": _("已复制"),
    "copyByHand": _("已选中，请按 Ctrl+C 复制"),
    "chosen": _("已选 {count} 项"),
    "chooseAll": _("选择全部 {count} 项"),
}
