"""What refusals about testimonials say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.console.testimonials.listing import CONSENTS
from liuliang.testimonials.services import USES


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"consent": _("同意"), "uses": _("用途"), "pictures": _("图片数")})
    history.name_values("uses", USES)
    history.name_values("consent", {key: words for key, (words, _tone) in CONSENTS.items()})
    errors.declare(
        {
            "testimonial.sort": _("请选是客户见证还是晒单。"),
            "testimonial.empty": _("写一段话，或者至少放一张图。"),
            "testimonial.pictures": _("一条最多 {most} 张图。"),
            "picture.large": _("图片太大：一张不超过 {most} MB，也不超过 4000 万像素。请压缩后再传。"),
            "picture.unreadable": _("这个文件不是能打开的 JPEG、PNG 或 WebP 图片。"),
            "testimonial.not_said": _("只能取成员说过、没有撤回的文字消息。"),
            "testimonial.use": _("没有这种用途，请重新勾选。"),
            "testimonial.how": _("请写下他是怎么同意的，例如“3 月 2 日微信回复：可以用”。"),
            "testimonial.withdrawn": _("他已经撤回同意，内容已经删除，不能再用。"),
            "testimonial.no_consent": _("还没有他的同意，不能采用。先问他，再记下同意。"),
            "testimonial.reason": _("请写不采用的原因，同事看得懂就行。"),
        }
    )  # fmt: skip
