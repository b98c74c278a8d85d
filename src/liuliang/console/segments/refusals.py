"""What refusals about segments and layers say, and how the audit log calls what changed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from liuliang.console import errors, history
from liuliang.console.segments.widgets import FIELDS
from liuliang.kernel.errors import Refused

_WRONG = {
    "greater_than_equal": _("“{field}”不能小于 {limit}。"),
    "less_than_equal": _("“{field}”不能大于 {limit}。"),
    "int_parsing": _("“{field}”要填一个整数。"),
    "int_parsing_size": _("“{field}”太大了。"),
    "ends_before_it_begins": _("结束日期早于开始日期。"),
    "least_above_most": _("“至少”比“至多”还大，没有人能同时符合。"),
    "begins_absent": _("第一步要是做了的事，不能是“没有”。"),
    "absent_twice": _("两个“之后没有”不能连着，中间要有一步做了的事。"),
    "absent_days": _("中间的“之后没有”一直算到下一步，不用填天数。"),
}
"""What is wrong with a condition, by the type of the error."""

_INNER = {"last_days": _("天数"), "within_days": _("几天内"), "since": _("从"), "until": _("到")}
"""What parts of windows and steps are called."""


def wrong_words(refusal: Refused) -> str:
    """Say what is wrong with a condition that is being filled in: which number, and what it may be."""
    form = _WRONG.get(str(refusal.data.get("why", "")))
    if refusal.code != "segment.condition_wrong" or form is None:
        return errors.sentence(refusal)
    place = str(refusal.data["field"])
    inner = place.rpartition(".")[2]
    title = _INNER.get(inner, inner) if "." in place else FIELDS.get(inner, inner)
    return str(form).format(field=title, limit=refusal.data["limit"])


def install() -> None:
    """Declare the sentences, and what the fields of the audit log are called."""
    history.name_fields({"size": _("人数"), "is_dynamic": _("自动更新")})
    errors.declare(
        {
            "segment.rule_unreadable": _("这条规则读不懂，请重新搭一次。"),
            "segment.condition_unknown": _("没有“{condition}”这种条件，它可能随插件一起被卸载了。"),
            "segment.condition_wrong": _("“{condition}”还没有填好。"),
            "segment.too_many_conditions": _("条件太多，一条规则最多 {most} 个。"),
            "segment.too_deep": _("套得太深，最多 {most} 层。"),
            "segment.rule_empty": _("有一组里还没有条件，加一个条件或去掉这一组。"),
            "segment.tag_gone": _("规则里的标签已经删除了，请换一个。"),
            "segment.community_gone": _("规则里的社群已经没有了，请换一个。"),
            "segment.event_unknown": _("没有“{kind}”这种动静可以选。"),
            "segment.property_wrong": _("“{field}”这一项不能这样比较。"),
            "segment.value_wrong": _("“{value}”不是一个可以比较的数。"),
            "segment.layer_unknown": _("没有“{layer}”这一层。"),
            "segment.segment_gone": _("规则里的人群已经删除了，请换一个。"),
            "segment.elsewhere": _("规则里的人群属于别的社群，请换一个。"),
            "segment.circle": _("这条规则绕回了它自己，人群不能由自己决定。"),
            "segment.name_empty": _("请给人群起个名字。"),
            "segment.name_taken": _("已经有叫“{name}”的人群了。"),
            "segment.no_rule": _("这是一份手选的名单，没有规则可以自动更新。"),
            "segment.in_use": _("人群“{name}”的规则用到了它，先改那条规则。"),
            "segment.points_hidden": _("看积分和等级的权限不够，不能用和积分、等级有关的条件。"),
            "segment.kind_hidden": _("要有“{permission}”的权限，才能用这样的条件。"),
            "segment.trade_hidden": _("看订单的权限不够，不能用和订单有关的条件。"),
            "layer.for_everybody": _("分层规则由所有社群共用，需要能编辑全部人群的人来改。"),
            "segment.layers_hidden": _("分层按所有社群里的表现算，能看全部成员的人才能用它圈人。"),
            "segment.rule_incomplete": _("规则还没有填好，请看标红的条件。"),
        }
    )
