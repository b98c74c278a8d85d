"""What refusals about members say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.people import profile


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields(
        {
            "into": _("合并到"),
            "out_of": _("原属于"),
            "other": _("另一位"),
            "reason": _("依据"),
            "members": _("成员数"),
            "group": _("标签组"),
            "is_exclusive": _("互斥"),
            "title": _("名称"),
            "choices": _("选项"),
            "is_personal": _("个人信息"),
            "score": _("评分"),
        }
    )
    history.name_values("type", profile.TYPES)
    errors.declare(
        {
            "member.same": _("这两位已经是同一位成员了。"),
            "member.erased": _("这位成员的个人信息已经删除，不能再修改或合并。"),
            "member.not_merged": _("这次合并已经撤销过了。"),
            "proposal.decided": _("已经有同事处理了这一对，请刷新页面。"),
            "proposal.not_rejected": _("没有可以撤销的判定。"),
            "tag.name_empty": _("请填写名称。"),
            "tag.name_taken": _("这个组里已经有“{name}”了。"),
            "tag.for_everybody": _("标签和资料字段由所有社群共用，需要能编辑全部成员的人来改。"),
            "tag_group.name_taken": _("已经有叫“{name}”的标签组了。"),
            "tag_group.in_use": _("这个组里还有 {count} 个标签，移走或删除后才能删除它。"),
            "attribute.title_empty": _("请填写名称，至少有一个字。"),
            "attribute.title_taken": _("已经有叫“{title}”的字段了。"),
            "attribute.no_choices": _("单选字段至少要有一个选项，每行写一个。"),
            "attribute.unreadable": _("“{written}”不是“{title}”能接受的内容。"),
            "survey.score": _("评分要在 0 到 {best} 之间。"),
            "survey.future": _("回答的时间在以后，请改成已经过去的时间。"),
            "survey.differs": _("这个人同一时间已经记过另一个分数，保留了原来的；确实又答了一次的，请改成那次的时间。"),
            "note.empty": _("备注是空的。"),
            "note.too_long": _("备注太长，最多 {most} 个字。"),
        }
    )
