"""What WeChat says between the messages: joins, leaves, recalls, titles and roles, in Chinese and English.

WeChat exports keep these notices as sentences, or as the ``<sysmsg>`` XML the sentence was made from; both name people
in quotes, and the XML also carries their wxids. `parse` turns one notice into records.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from liuliang.importers.message_ids import Spoken, numbered
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Recalled,
    Record,
    Renamed,
    RoleChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONGEST = 20_000
"""Notices longer than this many characters are not read: 500 invited names fit several times over."""

MOST_QUOTES = 60
"""Notices with more quotation marks are not read: the rules try every pair, and a hostile file could make that slow."""

_OPEN, _CLOSE = '"“”‟„「', '"“”‟」'
_YOU = r"你|您|我|[Yy]our?|[Mm]y|I|me"
_QUOTE = re.compile(f"[{_OPEN}{_CLOSE}]")
_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a rule: ``<a>`` stands for a person or a list of them, ``<t>`` for a title, a blank for any space.

    A name is what stands in quotes; without quotes it must hold none, so that it cannot swallow the grammar, and is
    bounded, so that a hostile notice cannot make the match take long.
    """
    text = text.replace(" ", r"\s*")
    text = re.sub(
        r"(?<!P)<([a-s])>",
        rf"\\s*(?P<\1>(?:{_YOU})(?![A-Za-z])|[{_OPEN}].+?[{_CLOSE}]|[^{_OPEN}{_CLOSE}]{{1,1000}}?)\\s*",
        text,
    )
    text = re.sub("<t>", rf"\\s*[{_OPEN}]?(?P<t>.+?)[{_CLOSE}]?", text)
    return re.compile(text, re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Notice:
    """One sentence being read: when, and how names become people."""

    at: datetime
    people: Callable[[str], list[Person]]

    def one(self, names: str) -> Person:
        """Return the person a single name stands for."""
        found = self.people(names)
        return found[0] if found else Person()


_Rule = tuple[re.Pattern[str], "Callable[[_Notice, dict[str, str]], list[Spoken]]"]


def _joined(how: str) -> Callable[[_Notice, dict[str, str]], list[Spoken]]:
    """Build a reader for joins of ``<b>`` (and ``<c>``), invited by ``<a>`` where the rule has it."""

    def build(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
        inviter = notice.one(named["a"]) if "a" in named else None
        members = notice.people(named["b"]) + (notice.people(named["c"]) if "c" in named else [])
        return [Joined(at=notice.at, member=member, inviter=inviter, how=how) for member in members]

    return build


def _left(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
    by = notice.one(named["a"]) if "a" in named else None
    return [Left(at=notice.at, member=member, by=by) for member in notice.people(named["b"])]


def _recalled(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
    return [Recalled(at=notice.at, member=notice.one(named.get("b", named["a"])))]


def _titled(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
    by = notice.one(named["a"]) if "a" in named else None
    return [ChatRenamed(at=notice.at, by=by, title=named["t"].strip())]


def _renamed(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
    member = notice.one(named["a"])
    old = _bare(named["o"]) if "o" in named else member.name
    return [Renamed(at=notice.at, member=member, old_name=old, new_name=named["t"].strip())]


def _role(role: str) -> Callable[[_Notice, dict[str, str]], list[Spoken]]:
    """Build a reader for ``<b>`` becoming ``role``; an empty role is a plain member."""

    def build(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
        return [RoleChanged(at=notice.at, member=member, role=role) for member in notice.people(named["b"])]

    return build


def _patted(notice: _Notice, named: dict[str, str]) -> list[Spoken]:
    whom = notice.one(named["b"])
    text = f"拍了拍 {whom.name or _bare(named['b'])}{_bare(named.get('t', ''))}"
    return [Message(at=notice.at, sender=notice.one(named["a"]), text=text, type="other", mentions=(whom,))]


_IN = r"(?:加入|[进進]入)了?(?:本|了)?(?:群聊天|群聊|群組|群组|聊天室|群)"
_OUT = r"(?:移出|移除|踢出|請出|请出)了?(?:本)?(?:群聊天|群聊|群組|群组|聊天室|群)"
_GROUP = r"了?(?:本)?(?:群聊天|群聊|群組|群组|聊天室|群)"
_BY = r"(?:通[过過]|透[过過])"
_CODE = r"(?:群|活)?(?:二[维維][码碼]|QR ?[Cc]ode|QR ?[码碼]|行動條碼)"
_MESSAGE = r"(?:消息|[讯訊]息|信息)"
_ONE = r"(?:一[条條則则])?"
_ADMIN = r"(?:本?群)?管理[员員](?:身份|[权權]限|[资資]格)?"
_SET = r"(?:修改|更改|[变變]更|改)?"
_TITLE = r"(?:群聊?名[称稱]?|群組名稱|群组名称)"
_NICKNAME = r"(?:自己的)?(?:在?本?群(?:里|裡)?的?)?(?:群)?(?:昵称|暱稱|名片)"
_CHAT = r"(?:the |this |a )?(?:group chat|group|chat)"
_VIA = r"(?:via|by scanning|through|by)"
_QR = r"(?:the |a )?(?:group )?QR [Cc]ode"
_BECAME = r"(?:has become|have become|became|is now|are now)"

# The first rule that fits the whole sentence wins, so the more telling ones stand first.
_RULES: tuple[_Rule, ...] = tuple(
    (_pattern(text), build)
    for text, build in (
        # Joins. "A" asked "B、C" in; or B came by a code that A had shared.
        (rf"<a>邀[请請]<b>[和及与與]<c>{_IN}", _joined("invite")),
        (rf"<a>邀[请請]<b>{_IN}", _joined("invite")),
        (rf"<b>(?:接受|通[过過])了?<a>的邀[请請][,，]?{_IN}", _joined("invite")),
        (rf"<b>{_BY}(?:[扫掃]描|[扫掃])?<a>分享的{_CODE}{_IN}", _joined("code")),
        (rf"<b>{_BY}(?:[扫掃]描|[扫掃])?{_CODE}{_IN}", _joined("code")),
        (rf"<b>{_BY}<a>分享的(?:邀[请請])?(?:[链連鏈][接結]|群名片|小程序卡片){_IN}", _joined("link")),
        (rf"<b>{_BY}(?:邀[请請])?(?:[链連鏈][接結]|群名片|小程序卡片){_IN}", _joined("link")),
        (rf"<b>{_BY}(?:群?搜索|搜尋|搜索群号){_IN}", _joined("search")),
        (rf"<b>(?:创建|創建|建立|[发發]起){_GROUP}", _joined("created")),
        (rf"<b>(?:已)?{_IN}", _joined("")),
        (rf"<a>(?:has )?invited <b> and <c> (?:to|to join|into) {_CHAT}", _joined("invite")),
        (rf"<a>(?:has )?invited <b> to {_CHAT} with.*", _joined("invite")),
        (rf"<a>(?:has )?invited <b> (?:to|to join|into) {_CHAT}", _joined("invite")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} {_QR} (?:shared )?(?:by|from) <a>", _joined("code")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} {_QR} <a> shared", _joined("code")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} (?P<a>your|my) (?:shared )?QR [Cc]ode", _joined("code")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} <a>'s (?:shared )?QR [Cc]ode", _joined("code")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} {_QR}", _joined("code")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} <a>'s (?:invitation |invite )?link", _joined("link")),
        (rf"<b>(?:has )?joined {_CHAT} {_VIA} (?:an? |the )?(?:invitation |invite )?link", _joined("link")),
        (rf"<b>(?:has )?created {_CHAT}", _joined("created")),
        (rf"<b>(?:'ve |has |have )?joined {_CHAT}", _joined("")),
        # Leaves. B went, or A put B out.
        (rf"<b>[被由]<a>{_OUT}", _left),
        (rf"<a>(?:已)?(?:[将將]|把)<b>{_OUT}", _left),
        (rf"<b>[被已]{_OUT}", _left),
        (rf"<b>(?:已)?(?:退出|离开|離開){_GROUP}", _left),
        (rf"<b>(?:was |were |has been |have been )removed from {_CHAT} by <a>", _left),
        (rf"<b>(?:was |were |has been |have been )removed from {_CHAT}", _left),
        (rf"<a>(?:has )?removed <b> from {_CHAT}", _left),
        (rf"<b>(?:has |have )?(?:left|exited) {_CHAT}", _left),
        # Recalls. An administrator may take back what another wrote: the record names the author.
        (rf"<a>(?:已)?(?:撤回|收回)了? ?{_ONE}(?:群?成[员員])?的?{_ONE}{_MESSAGE}", _recalled),
        (rf"<a>(?:已)?(?:撤回|收回)了? ?(?:群?成[员員])?<b>的{_ONE}{_MESSAGE}", _recalled),
        (r"<a>(?:'ve |has |have )?(?:recalled|unsent|withdrew|withdrawn) (?:a|one) message", _recalled),
        (r"<a>(?:'ve |has |have )?(?:recalled|unsent|withdrew) (?:a|one) message (?:from|sent by|of) <b>", _recalled),
        # Titles and names.
        (rf"<a>(?:已)?(?:[将將]|把)?{_SET}了?{_TITLE}{_SET}[为為成]<t>", _titled),
        (r"<a>(?:has )?(?:changed|set|renamed) (?:the )?(?:group chat|group|chat)(?:'s)? name to <t>", _titled),
        (r"<a>(?:has )?renamed (?:the )?(?:group chat|group|chat) to <t>", _titled),
        (rf"<a>(?:[将將]|把)?{_SET}了?{_NICKNAME}(?:由|[从從])<o>{_SET}[为為成]<t>", _renamed),
        (rf"<a>(?:[将將]|把)?{_SET}了?{_NICKNAME}{_SET}[为為成]<t>", _renamed),
        # Roles.
        (r"<b>(?:已|现在)?(?:成[为為]|升[级級][为為]|是)了?新?的?(?:群主|群組擁有者)", _role("owner")),
        (r"<a>(?:已)?(?:[将將]|把)(?:群主|群)(?:身份)?[转轉][让讓移](?:[给給]|予)了?<b>", _role("owner")),
        (rf"<a>(?:已)?(?:[将將]|把)<b>(?:添加|[设設]置?|指定|新增)[为為成]了?{_ADMIN}", _role("admin")),
        (rf"<a>(?:已)?(?:添加|[设設]置?|指定|新增)了?<b>[为為成]了?{_ADMIN}", _role("admin")),
        (rf"<b>(?:已)?被(?:添加|[设設]置?|指定)[为為成]了?{_ADMIN}", _role("admin")),
        (rf"<b>(?:已)?成[为為]了?{_ADMIN}", _role("admin")),
        (rf"<a>(?:已)?取消了?<b>的?{_ADMIN}", _role("")),
        (rf"<a>(?:已)?(?:[将將]|把)<b>(?:[从從])?(?:移除|移出|取消)了?{_ADMIN}", _role("")),
        (rf"<b>(?:已)?(?:被取消|被移除|不再是)了?{_ADMIN}", _role("")),
        (rf"<b>{_BECAME} (?:the |a )?(?:new )?(?:[Gg]roup )?[Oo]wner", _role("owner")),
        (r"<a>(?:has )?(?:added|set|made) <b> (?:as |to be )?(?:an? )?(?:group )?admin(?:istrator)?s?", _role("admin")),
        (rf"<b>{_BECAME} (?:an? )?(?:group )?admin(?:istrator)?", _role("admin")),
        (r"<a>(?:has )?removed <b> (?:as|from) (?:an? )?(?:group )?admin(?:istrator)?s?", _role("")),
        (r"<b>(?:is|are) no longer (?:an? )?(?:group )?admin(?:istrator)?", _role("")),
        # A pat on the shoulder is a thing a person did to another, so it counts as something said.
        (r"<a>(?:轻轻地)?拍了拍<b>(?:的<t>)?", _patted),
        (r"<a>tickled <b>", _patted),
    )
)  # fmt: skip

_REST = r"群聊参与人还有|群组成员还有|群聊參與人還有|群組成員還有|其他群成员有|群聊成员还有"
_NOISE = re.compile(
    rf"(?:[,，;；。.]\s*(?:{_REST}|(?:with )?other (?:group )?members?).*"
    r"|[,，;；。.]?\s*(?:请注意隐私安全|請注意隱私安全|(?:[“\"][^“”\"]*[”\"])?[和与與]群[里裡]其他人都不是.*)"
    r"|\s*(?:撤销|撤銷|[Rr]evoke|[Uu]ndo|重新编辑|重新編輯|[Rr]e-?edit|\$\w{1,64}\$)\s*"
    r"|[\s。.!！]+)$",
    re.DOTALL,
)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HINTS = (
    "群", "消息", "讯息", "訊息", "信息", "昵称", "暱稱", "拍了拍", "管理",
    "chat", "group", "message", "dmin", "wner", "tickled",
)  # fmt: skip


def parse(
    sentence: str,
    at: datetime,
    self_person: Person,
    resolve_name: Callable[[str], Person],
    *,
    message_id: str = "",
) -> list[Record]:
    """Read one WeChat notice.

    Args:
        sentence: the notice as exported, plain or as ``<sysmsg>`` XML.
        at: when it stood in the chat.
        self_person: who exported the chat; 你, You and me stand for them.
        resolve_name: gives the person seen under a name in this chat; for an unknown one ``Person(name=name)``.
        message_id: the notice's own id. The second and further records of one notice get it with ``#2``, ``#3`` …

    Returns:
        The records, in the order of the names; empty when the notice tells nothing we keep.
    """
    if not sentence or len(sentence) > LONGEST:
        return []
    sentence, linked = _unfold(sentence)
    if not any(hint in sentence for hint in _HINTS) or len(_QUOTE.findall(sentence)) > MOST_QUOTES:
        return []

    def people(names: str) -> list[Person]:
        return _people(names, self_person, resolve_name, linked)

    notice = _Notice(at=at, people=people)
    for candidate in _without_noise(sentence):
        if records := _first_fit(candidate, notice):
            return numbered([known for record in records if (known := _known(record))], message_id)
    return []


def _known(record: Spoken) -> Spoken | None:
    """Return the record without people of whom nothing is known: the exporter, where the file does not say who that is.

    Who removed somebody stays, though empty: None would say that they left themselves.
    """
    if isinstance(record, Joined) and record.inviter is not None and not _is_somebody(record.inviter):
        record = replace(record, inviter=None)
    if isinstance(record, ChatRenamed):
        return replace(record, by=None) if record.by is not None and not _is_somebody(record.by) else record
    return record if _is_somebody(record.sender if isinstance(record, Message) else record.member) else None


def _is_somebody(person: Person) -> bool:
    return bool(person.name or person.identities)


def _first_fit(sentence: str, notice: _Notice) -> list[Spoken]:
    for pattern, build in _RULES:
        if match := pattern.fullmatch(sentence):
            return build(notice, {key: value for key, value in match.groupdict().items() if value is not None})
    return []


def _without_noise(sentence: str) -> list[str]:
    """Return the sentence, and the same without what WeChat appends to it, longest first."""
    candidates = [sentence.strip()]
    for _ in range(4):
        shorter = _NOISE.sub("", candidates[-1]).rstrip(" ,，;；")
        if shorter == candidates[-1] or not shorter:
            break
        candidates.append(shorter)
    return candidates


def _people(
    names: str, self_person: Person, resolve_name: Callable[[str], Person], linked: list[list[Person]]
) -> list[Person]:
    names = names.strip()
    if re.fullmatch(_YOU, names):
        return [self_person]
    found: list[Person] = []
    for name in _split(_bare(names), resolve_name):
        if placeholder := _PLACEHOLDER.fullmatch(name):
            index = int(placeholder[1])
            found += linked[index] if index < len(linked) else []
        elif re.fullmatch(_YOU, name):
            found.append(self_person)
        else:
            found.append(resolve_name(name))
    return found


def _split(names: str, resolve_name: Callable[[str], Person]) -> list[str]:
    """Split a list of names at 、 and commas; a name that itself holds one is kept whole where the chat knows it."""
    parts = re.split(r"([、,，])", names)
    words = parts[::2]
    if len(words) == 1:
        return [names.strip()] if names.strip() else []
    result: list[str] = []
    start = 0
    while start < len(words):
        taken = 1
        for span in range(min(4, len(words) - start), 1, -1):
            whole = _bare("".join(parts[2 * start : 2 * (start + span) - 1]))
            if resolve_name(whole).identities:
                result.append(whole)
                taken = span
                break
        else:
            if word := _bare(words[start]):
                result.append(word)
        start += taken
    return result


def _bare(name: str) -> str:
    """Return a name without its surrounding space and one layer of quotes."""
    name = name.strip()
    if len(name) >= 2 and name[0] in _OPEN and name[-1] in _CLOSE:
        return name[1:-1].strip()
    return name.strip(_OPEN + _CLOSE) if name[:1] in _OPEN or name[-1:] in _CLOSE else name


_SYSMSG_TEXT = re.compile(
    r"<(template|replacemsg|revokemsg|content|text|plain)>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</\1>", re.DOTALL
)
_LINK = re.compile(r"<link\b[^<>]*\bname=\"([^\"]{1,64})\"[^<>]*>(.*?)</link>", re.DOTALL)
_MEMBER = re.compile(r"<member>(.*?)</member>", re.DOTALL)


def _field(xml: str, tag: str) -> str:
    match = re.search(rf"<{tag}>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</{tag}>", xml, re.DOTALL)
    return html.unescape(match[1]).strip() if match else ""


def _unfold(sentence: str) -> tuple[str, list[list[Person]]]:
    """Return the sentence inside a ``<sysmsg>``, with placeholders for its linked people, and those people.

    Read with patterns, not an XML parser: exports cut and re-escape this XML, and entities must never expand.
    """
    if "<" not in sentence:
        return sentence, []
    if "<sysmsg" not in sentence and "<revokemsg" not in sentence and "<template" not in sentence:
        return html.unescape(_TAG.sub("", sentence)), []
    linked: list[list[Person]] = []
    names: dict[str, str] = {}
    for name, body in _LINK.findall(sentence):
        members = [
            Person(name=_field(member, "nickname"), identities=(("wxid", wxid),) if wxid else ())
            for member in _MEMBER.findall(body)
            if (wxid := _field(member, "username")) or _field(member, "nickname")
        ]
        if members:
            names[name] = f"\ue000{len(linked)}\ue001"
            linked.append(members)
        else:
            names[name] = _field(body, "plain") or _field(body, "title")
    # A <revokemsg> holds its sentence inside, or is the sentence: the innermost text without further tags is meant.
    text = ""
    rest = re.sub(r"<link_list>.*?</link_list>", "", sentence, flags=re.DOTALL)
    for tag, body in _SYSMSG_TEXT.findall(rest):
        inner = _field(body, "replacemsg") if tag == "revokemsg" else body
        text = inner or body
        if text:
            break
    text = re.sub(r"\$([^$\s]{1,64})\$", lambda match: names.get(match[1], match[0]), html.unescape(text))
    return _TAG.sub("", text), linked
