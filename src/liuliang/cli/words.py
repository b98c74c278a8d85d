"""What is said in a shell, in Chinese where its locale is Chinese and in English otherwise."""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

from liuliang.kernel.errors import Refused


def marked(message: str) -> str:
    """Mark a message for the catalogue; import it as ``_``. Django's own mark needs settings, which a refusal may come before."""
    return message


_ = marked

_CATALOGUES = Path(__file__).resolve().parent.parent / "locale"

_WORDS = {
    "up.running": _("留量已经在 {home} 上运行。先停掉它，或用 LIULIANG_HOME 指定另一个文件夹。"),
    "up.port_taken": _("{host} 的端口 {port} 被别的程序占用，或你无权使用。用 --port 换一个。"),
    "up.address_unknown": _("{host} 不是这台机器的地址。用 --host 换一个。"),
    "import.format_unknown": _("{name}：认不出格式。用 --source 指定；什么都没有改动。"),
    "import.failed": _("{name}：里面有没料到的内容。已导入的都在；日志里写着是哪一处。"),
    "import.file_empty": _("{name}：文件是空的。"),
    "import.file_missing": _("{name}：没有这个文件。"),
    "import.file_unreadable": _("{name}：读不了（{reason}）。之前导入的都在；请再导入一次。"),
    "import.encoding_unknown": _("{encoding}：没有这种编码。"),
    "import.too_large": _("{name}：超过 {limit} 字节。调大 LIULIANG_UPLOAD_BYTES，或把导出分成几份。"),
    "import.zone_differs": _(
        "{name}：这个群以前按 {before} 的时间导入过，按 {zone} 再导入，每条消息都会再算一遍。请去掉 --timezone，或用 --community 导入到新建的社群；"
        "确实是在另一个时区导出的另一段记录，就加上 --sure。"
    ),
    "import.zone_unknown": _("{zone}：没有这个时区。请用 Asia/Shanghai 这样的名字。"),
    "import.no_chat": _("{name}：里面没有聊天记录。"),
    "import.archive_broken": _("{name}：压缩包坏了。请重新导出，或解压后导入里面的文件。"),
    "import.archive_too_large": _("{name}：解压后大得不安全。什么都没有读；请解压后分开导入。"),
    "postgres.unreachable": _("连不上 PostgreSQL（{reason}）。请检查 DATABASE_URL，或者看看服务器是否开着。"),
    "postgres.not_started": _("PostgreSQL 没有启动。原因在它的日志里：{log}"),
    "demo.not_empty": _("这里已经有你自己的数据。要看示例品牌，请用 LIULIANG_HOME 指定一个空文件夹。"),
    "demo.incomplete": _("有一个示例文件没能导入，见上面。"),
    "bench.unknown": _("{name}：没有这项测试。有这些：{known}。"),
    "bench.size": _("{size}：不是这项测试的规模。规模是整数，如 10m 或 50m 个事件、200k 或 1m 个成员。"),
    "bench.peer": _(
        "{path}：对比用的程序没有运行起来（{said}）。请按文档另建环境，再用 LIULIANG_BENCH_PEER 指向它的 Python。"
    ),
    "rebuild.unknown": _("{name}：没有这个投影。有这些：{known}。"),
}


def in_shell(message: str, **data: object) -> str:
    """Return a message of the catalogue in the shell's language, with ``data`` in its places.

    Not by Django's translation: that needs the whole product set up, and what a process says in its terminal must not decide
    in which language it writes.
    """
    return (message if is_chinese() else _english().gettext(message)).format(**data)


def is_chinese() -> bool:
    """Tell whether the shell's locale is Chinese; the first of the three variables that says anything decides."""
    said = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return said.lower().startswith("zh")


@cache
def _english() -> gettext.NullTranslations:
    return gettext.translation("django", _CATALOGUES, ["en"], fallback=True)


def explain(refusal: Refused) -> str:
    """Return one sentence; a code without words is shown with its data, so that nothing is hidden."""
    words = _WORDS.get(refusal.code)
    try:
        return in_shell(words, **refusal.data) if words else f"{refusal.code} {refusal.data or ''}".strip()
    except KeyError:
        return f"{refusal.code} {refusal.data}"
