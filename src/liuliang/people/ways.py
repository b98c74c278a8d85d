"""How people come into a group, by the word that a join carries in the log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WAYS = {
    "invite": _("被邀请"),
    "code": _("扫码"),
    "link": _("链接"),
    "search": _("搜索"),
    "created": _("建群时"),
}
