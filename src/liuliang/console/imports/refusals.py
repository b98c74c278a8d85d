"""What refusals about imports say, and what the places that could not be read suffer from."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.console import errors

REASONS: dict[str, str | Promise] = {
    "archive_broken": _("压缩包在这里坏了"),
    "archive_too_large": _("解压后太大，没有读"),
    "amount_decimals": _("金额的小数太多，比一分钱还细"),
    "amount_negative": _("金额不能小于 0；退款请写在退款那一列"),
    "amount_too_large": _("金额太大，不像真的"),
    "bad_amount": _("金额读不懂"),
    "bad_date": _("日期读不懂"),
    "bad_encoding": _("文字编码在这里坏了"),
    "bad_number": _("数字读不懂"),
    "bad_quantity": _("数量读不懂"),
    "bad_refund": _("退款金额读不懂"),
    "bad_row": _("这一行读不懂"),
    "bad_score": _("评分不是 0 到 10 的整数，改成 0、1……10 里的一个"),
    "bad_type": _("内容的类型不对"),
    "broken_json": _("JSON 在这里坏了，跳过了这一条"),
    "date_out_of_range": _("日期不可能：早于 1990 年或在将来"),
    "encrypted": _("内容是加密的，请先解密"),
    "group_unknown": _(
        "没有叫这个名字的社群、有几个同名的，或你不能导入到那里；改成系统里的社群名，或清空这一格再导入"
    ),
    "item_too_large": _("这一条太大，没有读"),
    "line_too_long": _("这一行太长，超出部分没有读"),
    "member_elsewhere": _("这个人在你看不到的社群里已有资料，没有改动；请让能看到全部成员的同事导入"),
    "message_too_long": _("消息太长，超出部分没有读"),
    "name_alone": _("只有名字，认不出是谁；补上手机号、邮箱或账号，或写明是哪个社群的"),
    "no_buyer": _("看不出是谁买的"),
    "no_date": _("没有日期"),
    "no_header": _("前面没有消息头或表头，不知道这是什么"),
    "no_json": _("这里不是 JSON"),
    "no_member": _("看不出是谁"),
    "no_number": _("没有订单号"),
    "no_respondent": _("看不出是谁答的；匿名的答卷不能导入，补上手机号、邮箱、账号，或名字和社群"),
    "no_sender": _("看不出是谁说的"),
    "order_staff_unknown": _(
        "没有叫这个名字（或邮箱）的同事，订单已导入，负责人空着；改好这一列再导入，或在订单页补上"
    ),
    "order_elsewhere": _("这个订单属于你不能导入的社群，没有改动；请让能看到那个社群的同事导入"),
    "order_told_differently": _("这个订单以前导入过，金额或时间不一样，保留了原来的"),
    "refund_above_amount": _("退款比付款多"),
    "score_told_differently": _("这个人这一秒的评分以前导入过，分数不一样，保留了原来的"),
    "sheet_missing": _("没有这个工作表"),
    "too_deep": _("嵌套太深，没有读"),
    "truncated_json": _("文件在这里断了，前面的都已读入"),
    "unclosed_quote": _("引号没有结束"),
    "unsupported": _("这种内容还不支持"),
}
"""Reasons of unreadable places; one without words here is shown as its code."""

WARNINGS: dict[str, str | Promise] = {
    "date_missing": _("每一行只有时间，没有日期"),
    "date_order_guessed": _("日期的年月日顺序是猜的，请确认"),
    "encoding_guessed": _("文字编码是猜的，请看名字是否正常"),
    "no_amount_column": _("没有认出金额列，请在下面指定"),
    "no_at_column": _("没有认出时间列，请在下面指定"),
    "no_header": _("没有认出表头"),
    "no_number_column": _("没有认出订单号列，请在下面指定"),
    "no_score_column": _("没有认出评分列，请在下面指定"),
    "private_chat": _("这像是两个人的私聊，不会导入；如果是群，请选定它的社群再导入"),
    "private_chats": _("这里有私聊，私聊不会导入"),
}
"""What a person should look at before the import."""


def install() -> None:
    """Declare the sentences."""
    errors.declare(
        {
            "import.archive_broken": _("“{name}”是损坏的压缩包。请重新导出，或解压后上传里面的文件。"),
            "import.archive_too_large": _("“{name}”解压后太大，为了安全没有读。请解压后分开上传。"),
            "import.encoding_unknown": _("没有“{encoding}”这种文字编码。"),
            "import.failed": _(
                "“{name}”里有没料到的内容，导入停下了。已经读入的保留着，可以再试一次；还不行请联系开发者。"
            ),
            "import.file_empty": _("“{name}”是空文件，什么都没有导入。"),
            "import.file_missing": _("“{name}”已经不在了，请重新上传。"),
            "import.file_unreadable": _("读“{name}”时出错（{reason}）。已经读入的保留着，请重新上传，重复的不会再算。"),
            "import.format_unknown": _(
                "认不出“{name}”的格式，什么都没有改变。请看导入说明里支持的格式，或指定格式再试。"
            ),
            "import.no_chat": _("“{name}”里没有聊天记录。"),
            "import.no_community": _("请选择导入到哪个社群。"),
            "import.not_ready": _("这次导入现在不能开始。"),
            "import.not_running": _("这次导入已经结束了。"),
            "import.sheet_missing": _("表格里没有“{name}”这个工作表。"),
            "import.too_large": _("“{name}”超过了允许的大小（{limit} 字节）。请分段导出后上传，重复的部分不会再算。"),
            "import.zone_differs": _(
                "这个群以前按 {before} 的时间导入过，这次选的是 {zone}。时间不同，同一条消息会再算一遍，所以没有开始。"
                "时区选错了就改回来；上次才是错的，就归档那个群，再导入到一个新建的社群；"
                "确实是在另一个时区导出的另一段记录，就勾选“时区和以前不同也导入”。"
            ),
            "import.zone_unknown": _("没有“{zone}”这个时区。"),
        }
    )
