"""What QQ and WhatsApp write between the messages: who came, who went, who was renamed, what was taken back.

Both print bare names in running text, in the language of the phone, so a sentence is known by its verb: `read_notice` turns
it into a `Notice`, and `records_of` turns a notice into records. Sentences of no consequence (encryption notes, new icons)
give None. WeChat quotes its names and has its own grammar in `wechat_sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from msgspec.structs import replace

from liuliang.importers.records import ChatRenamed, Joined, Left, Person, Recalled, Record, Renamed, RoleChanged

Kind = Literal["joined", "left", "removed", "renamed", "recalled", "chat_renamed", "created", "role", "moved"]

LONGEST = 2_000
"""Sentences longer than this are not read: a name pair of a thousand characters is no name, and matching must stay cheap."""

SELF = frozenset({"你", "您", "我", "you", "your", "yourself", "tú", "usted", "du", "dich", "vous", "você", "tu", "ti", "вы",
                  "вас", "u", "je", "anda", "あなた", "당신"})  # fmt: skip
"""Words by which the program addresses whoever exported the file; who that is, the sentence does not say."""

SOMEBODY = frozenset({"管理员", "群管理员", "群主", "管理員", "an admin", "admin", "系统", "系統", "群管家"})
"""Words for people the sentence does not name."""

UNKNOWN = Person()
"""Somebody did it, and the file does not say who."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a sentence says. Names stand as written; ``who`` may list several, ``by`` is who did it, empty when nobody else.

    ``value`` is the new name, title or role; ``old`` the former one; ``how`` as in `Joined`.
    """

    kind: Kind
    who: str = ""
    by: str = ""
    old: str = ""
    value: str = ""
    how: str = ""


_OPEN = "[\"“”「‘'《]?"
_CLOSE = "[\"“”」’'》]?"
_QUOTED = '["“”「‘《]{}["“”」’》]'

# A template's {who}, {by}, {old} and {value} are names, quoted or not; {"old"} and {"value"} must be quoted. Each row is
# (kind, constant value or way of joining, template). The first row that fits wins, so the particular stands first.
_CHINESE: tuple[tuple[Kind, str, str], ...] = (
    ("recalled", "", "(?:管理[员員]|群主)? ?{by} ?撤回了?一[条則则](?:成员|成員)?(?:消息|訊息).*"),
    ("recalled", "", "(?:管理[员員]|群主)? ?{by} ?撤回了?(?:成员|成員)? ?{old} ?的?一[条則则](?:消息|訊息).*"),
    (
        "joined",
        "code",
        "{who} ?通[过過](?:扫描|掃描) ?{by} ?(?:分享|发出|發出)的[二群]維?维?[码碼](?:名片)? ?加入了?(?:群聊|本群|群[组組]?)",
    ),
    (
        "joined",
        "code",
        "{who} ?(?:通[过過])?(?:扫描|掃描)(?:群)?二[维維][码碼](?:名片)? ?加入了?(?:群聊|本群|群[组組]?)",
    ),
    (
        "joined",
        "link",
        (
            "{who} ?已?(?:使用|通[过過]|透[过過]|[经經]由|利用)(?:此|本|[该該]|[这這][个個])?(?:群[组組]?)?的?(?:邀[请請])?"
            "(?:[链鏈]接|[连連][结結])已?加入了?(?:群聊|本群|[此该該]?群[组組]?)?"
        ),
    ),
    ("joined", "invite", "{by} ?邀[请請] ?{who} ?(?:加入|进入|進入)了?(?:群聊|本群|群[组組]?)(?:[，,].*)?"),
    ("joined", "invite", "{who} ?(?:被|由|[经經]) ?{by} ?邀[请請](?:加入|进入|進入)了?(?:群聊|本群|群[组組]?)"),
    ("joined", "invite", "{who} ?通[过過] ?{by} ?的邀[请請](?:加入|进入)了?(?:群聊|本群|群[组組]?)"),
    ("joined", "search", "{who} ?通[过過](?:搜索|搜[寻尋]|查找)(?:群[号號])?加入了?(?:群聊|本群|群[组組]?)"),
    ("joined", "", "(?:欢迎|歡迎)(?:新(?:成员|成員|人))? ?{who} ?(?:加入|进入)了?(?:群聊|本群|群[组組]?)"),
    ("joined", "", "{who} ?已?(?:加入|进入|進入)了?(?:群聊|本群|[此该該]?群[组組])(?:[，,].*)?"),
    ("joined", "invite", "{by} ?已?[将將把] ?{who} ?(?:加入|新增|添加|加)[至到进進]?了?(?:[此该該本]?群[组組聊]?)"),
    ("removed", "", "{who} ?已?被 ?{by} ?(?:请|請|移|踢)[出除]了?(?:群聊|[此该該本]?群[组組]?)?"),
    ("removed", "", "{who} ?已?被(?:移|踢)[出除]了?(?:群聊|[此该該本]?群[组組]?)?"),
    ("removed", "", "{by} ?已?[将將把] ?{who} ?(?:移|踢)[出除]了?(?:群聊|[此该該本]?群[组組]?)?"),
    ("removed", "", "{by} ?已?(?:移除|踢出)了? ?{who}"),
    ("left", "", "{who} ?已?(?:主动|主動)?(?:退出|离开|離開)了?(?:群聊|[此该該本]?群[组組]?)?"),
    ("role", "owner", "{by} ?已?[将將把](?:本群)?(?:群主|群)(?:身份)?(?:[转轉][让讓]|移交)[给給]了? ?{who}"),
    ("role", "owner", "{who} ?已?(?:成[为為]|是)(?:了)?(?:本群)?(?:的)?新?(?:的)?群主.*"),
    ("role", "", "{who} ?已?被(?:{by})?(?:取消|撤[销銷]|解除)了?(?:群)?(?:管理[员員])(?:身份|[权權]限)?"),
    ("role", "", "{who} ?的(?:群)?(?:管理[员員])(?:身份|[权權]限)?已?被(?:取消|撤[销銷]|解除)"),
    ("role", "", "{by} ?已?(?:取消|撤[销銷]|解除)了? ?{who} ?的?(?:群)?(?:管理[员員])(?:身份|[权權]限)?"),
    ("role", "", "{who} ?(?:[现現]在)?(?:已)?不再(?:是|[担擔]任)(?:本群|群[组組]?)?的?管理[员員]"),
    ("role", "admin", "{by} ?已?[将將把] ?{who} ?(?:[设設](?:置)?|添加|任命|升)[为為成](?:群|本群)?管理[员員]"),
    ("role", "admin", "{who} ?已?被(?:{by})?(?:[设設](?:置)?|添加|任命|升)[为為成](?:群|本群)?管理[员員]"),
    (
        "role",
        "admin",
        "{who} ?(?:[现現]在|已|已[经經])?(?:成[为為]|是|[为為])了?(?:本群|群[组組]?)?的?(?:新)?管理[员員]了?",
    ),
    (
        "renamed",
        "",
        "{who} ?[将將把](?:自己)?的?(?:群名片|群昵[称稱])(?:从|從|由) ?{old} ?(?:修改|更改|改|[变變]更)[为為成] ?{value}",
    ),
    ("renamed", "", "{who} ?[将將把](?:自己)?的?(?:群名片|群昵[称稱])(?:修改|更改|改|[变變]更)[为為成] ?{value}"),
    ("renamed", "", "{who} ?(?:已)?(?:修改|更改)了?(?:自己)?的?(?:群名片|群昵[称稱])[为為成] ?{value}"),
    (
        "chat_renamed",
        "",
        (
            '{by} ?已?[将將把](?:[此该該本]?群(?:[组組聊])?的?)?(?:名[称稱]?|主[题題旨])(?:从|從|由) ?{"old"} ?'
            "(?:修改|更改|改|[变變]更)[为為成至] ?{value}"
        ),
    ),
    (
        "chat_renamed",
        "",
        "{by} ?已?[将將把](?:[此该該本]?群(?:[组組聊])?的?)?(?:名[称稱]?|主[题題旨])(?:修改|更改|改|[变變]更)[为為成至] ?{value}",
    ),
    (
        "chat_renamed",
        "",
        "{by} ?已?(?:修改|更改|[变變]更)了?(?:[此该該本])?群(?:[组組聊])?的?(?:名[称稱]?|主[题題旨])[为為成至]? ?[:：]? ?{value}",
    ),
    ("created", "", '{by} ?已?(?:创建|創建|建立|成立|新建)了?(?:[此该該本]|[这這][个個])?群(?:[组組聊])? ?{"value"}'),
    ("created", "", "{by} ?已?(?:创建|創建|建立|成立|新建)了?(?:[此该該本]|[这這][个個])?群(?:[组組聊])?"),
    ("joined", "invite", "{by} ?已?(?:添加|新增|加入)了? ?{who}"),
    (
        "moved",
        "",
        "{who} ?(?:的)?(?:电话|手机|手機|電話)?(?:号码|號碼)?已?(?:更改|更换|更換|[变變]更|改)[为為成到](?:新)?(?:号码|號碼)?[:：]? ?{value}",
    ),
)

_ENGLISH: tuple[tuple[Kind, str, str], ...] = (
    (
        "joined",
        "link",
        "{who} joined using (?:this (?:group|community)['’]s|a group|an?|your|the) (?:invite|link|invite link)",
    ),
    ("joined", "link", "{who} joined (?:this group )?via (?:an? |the )?(?:group |invite )?link"),
    ("joined", "", "{who} joined(?: the group(?: chat)?| from the community| this group)?"),
    ("joined", "invite", "{who} was added(?: by {by})?(?: to the group)?"),
    ("removed", "", "{who} was removed(?: by {by})?(?: from the group)?"),
    ("removed", "", "{by} removed {who}(?: from (?:the|this) group(?: chat)?)?"),
    ("left", "", "{who} (?:has )?left(?: (?:the|this) group(?: chat)?)?"),
    ("created", "", '{by} created (?:the |this )?group {"value"}'),
    ("created", "", "{by} created (?:the|this) group"),
    ("chat_renamed", "", '{by} changed the (?:subject|group name|group subject) from {"old"} to {"value"}'),
    ("chat_renamed", "", "{by} changed the (?:subject|group name|group subject) to {value}"),
    ("role", "", "{who} (?:is|are|['’]re) no longer an admin"),
    ("role", "", "{by} dismissed {who} as (?:group )?admin"),
    ("role", "admin", "{by} made {who} (?:a |an )?(?:group )?admin"),
    ("role", "admin", "{who} ?(?:is|are|['’]re) now (?:a |an )?(?:group )?admin"),
    ("role", "owner", "{who} (?:is|became|['’]re) (?:now )?the new group owner"),
    ("moved", "", "{who} changed (?:their|his|her) (?:phone )?number from {old} to {value}"),
    ("moved", "", "{who} changed (?:their|his|her) (?:phone )?number to a new number[.] Tap.*(?P<value>)"),
    ("moved", "", "{who} changed (?:their|his|her) (?:phone )?number to a new number[.:]? {value}"),
    ("moved", "", "{who} changed to {value}"),
    ("joined", "invite", "{by} added {who}(?: to the group)?"),
)

_OTHERS: tuple[tuple[Kind, str, str], ...] = (
    # Spanish
    ("joined", "link", "{who} se unió (?:al grupo )?(?:usando|mediante|con) el enlace.*"),
    ("joined", "invite", "{by} (?:añadió|agregó) a {who}"),
    ("removed", "", "{by} eliminó a {who}"),
    ("left", "", "{who} (?:salió|ha salido)(?: del grupo)?"),
    ("created", "", '{by} creó el grupo {"value"}'),
    ("chat_renamed", "", '{by} cambió el (?:asunto|nombre)(?: del grupo)? de {"old"} a {"value"}'),
    ("role", "admin", "{who} ahora es admin(?:\\.|istrador)?"),
    # Portuguese
    ("joined", "link", "{who} entrou usando o link.*"),
    ("joined", "invite", "{by} adicionou {who}"),
    ("removed", "", "{by} removeu {who}"),
    ("left", "", "{who} saiu(?: do grupo)?"),
    ("created", "", '{by} criou o grupo {"value"}'),
    ("chat_renamed", "", '{by} (?:mudou|alterou) o (?:assunto|nome)(?: do grupo)? de {"old"} para {"value"}'),
    ("role", "admin", "{who} agora (?:é|e) (?:admin|um administrador|administrador)"),
    # French
    ("joined", "link", "{who} a rejoint (?:le groupe )?(?:via|en utilisant|à l['’]aide d).*lien.*"),
    ("joined", "invite", "{by} a ajouté {who}"),
    ("removed", "", "{by} a (?:retiré|supprimé|exclu) {who}"),
    ("left", "", "{who} (?:est parti|a quitté(?: le groupe)?)"),
    ("created", "", '{by} a créé le groupe {"value"}'),
    (
        "chat_renamed",
        "",
        '{by} a (?:changé|modifié) (?:le sujet|l[\'’]objet|le nom du groupe) de {"old"} (?:à|en) {"value"}',
    ),
    ("role", "admin", "{who} est (?:désormais|maintenant) (?:un )?admin"),
    # German
    ("joined", "link", "{who} ist (?:der Gruppe )?(?:über|mit|mithilfe) .*[Ll]inks? .*beigetreten"),
    ("joined", "invite", "{by} hat {who} hinzugefügt"),
    ("joined", "invite", "{who} wurde hinzugefügt"),
    ("removed", "", "{by} hat {who} entfernt"),
    ("removed", "", "{who} wurde entfernt"),
    ("left", "", "{who} hat die Gruppe verlassen"),
    ("created", "", '{by} hat die Gruppe {"value"} erstellt'),
    ("chat_renamed", "", '{by} hat den (?:Betreff|Gruppennamen) von {"old"} (?:zu|in) {"value"} geändert'),
    ("role", "admin", "{who} ist jetzt (?:ein )?Admin"),
    # Italian
    ("joined", "link", "{who} (?:è entrat[oa]|si è unit[oa]).*link.*"),
    ("joined", "invite", "{by} ha aggiunto {who}"),
    ("removed", "", "{by} ha rimosso {who}"),
    ("left", "", "{who} (?:è uscit[oa]|ha abbandonato)(?: dal gruppo| il gruppo)?"),
    ("created", "", '{by} ha creato il gruppo {"value"}'),
    (
        "chat_renamed",
        "",
        '{by} ha (?:cambiato|modificato) (?:l[\'’]oggetto|il nome)(?: del gruppo)? da {"old"} (?:a|in) {"value"}',
    ),
    # Dutch
    ("joined", "link", "{who} (?:is|neemt).*(?:uitnodigings)?link.*"),
    ("joined", "invite", "{by} heeft {who} toegevoegd"),
    ("removed", "", "{by} heeft {who} verwijderd"),
    ("left", "", "{who} heeft de groep verlaten"),
    ("created", "", '{by} heeft de groep {"value"} gemaakt'),
    # Russian
    ("joined", "link", "{who} присоединил(?:ся|ась|[(]ась[)]).*ссылк.*"),
    ("joined", "invite", "{by} добавил(?:а|[(]а[)])? {who}"),
    ("removed", "", "{by} удалил(?:а|[(]а[)])? {who}"),
    ("left", "", "{who} (?:покинул|вышел|вышла)(?:а|[(]а[)])?(?: группу| из группы)?"),
    ("created", "", '{by} создал(?:а|[(]а[)])? группу {"value"}'),
    # Indonesian
    ("joined", "link", "{who} bergabung menggunakan tautan.*"),
    ("joined", "invite", "{by} menambahkan {who}"),
    ("removed", "", "{by} mengeluarkan {who}"),
    ("left", "", "{who} (?:telah )?keluar"),
    ("created", "", '{by} membuat grup {"value"}'),
    # Japanese
    ("joined", "link", "{who} ?(?:さん)?[がは].*リンク.*参加しました"),
    ("joined", "invite", "{by} ?(?:さん)?[がは] ?{who} ?(?:さん)?を(?:追加|招待)しました"),
    ("removed", "", "{by} ?(?:さん)?[がは] ?{who} ?(?:さん)?を(?:削除|退会させ)(?:しました|ました)"),
    ("created", "", '{by} ?(?:さん)?[がは]グループ ?{"value"} ?を作成しました'),
    ("left", "", "{who} ?(?:さん)?[がは](?:グループを|グループから)?(?:退出|退会)しました"),
    # Korean
    ("joined", "link", "{who}님?[이가]? ?.*링크.*(?:참여|입장|참가)했습니다"),
    ("joined", "invite", "{by}님이 {who}님을 (?:추가|초대)했습니다"),
    ("removed", "", "{by}님이 {who}님을 (?:내보냈|삭제했|제거했)습니다"),
    ("left", "", "{who}님이 (?:나갔|퇴장했)습니다"),
    ("created", "", '{by}님이 {"value"} 그룹을 만들었습니다'),
)

_DELETED = frozenset({
    "this message was deleted", "you deleted this message", "this message was deleted by admin",
    "此消息已删除", "此消息已被删除", "这条消息已删除", "这条消息已被删除", "您已删除这条消息", "你已删除这条消息",
    "该消息已被删除", "您已删除此消息", "你已删除此消息", "您删除了此消息", "你删除了这条消息", "您已刪除此訊息",
    "此訊息已刪除", "此訊息已被刪除", "這則訊息已被刪除", "你已刪除這則訊息", "你刪除了這則訊息", "已刪除此訊息",
    "se eliminó este mensaje", "eliminaste este mensaje", "este mensaje fue eliminado",
    "essa mensagem foi apagada", "esta mensagem foi apagada", "você apagou esta mensagem", "mensagem apagada",
    "ce message a été supprimé", "vous avez supprimé ce message",
    "diese nachricht wurde gelöscht", "du hast diese nachricht gelöscht",
    "questo messaggio è stato eliminato", "hai eliminato questo messaggio",
    "dit bericht is verwijderd", "u hebt dit bericht verwijderd",
    "это сообщение было удалено", "данное сообщение удалено", "вы удалили это сообщение",
    "bu mesaj silindi", "bu mesajı sildiniz", "pesan ini telah dihapus", "anda telah menghapus pesan ini",
    "このメッセージは削除されました", "メッセージを削除しました", "삭제된 메시지입니다", "메시지를 삭제했습니다", "تم حذف هذه الرسالة",
})  # fmt: skip

_DELETED_STARTS = frozenset(sentence[0] for sentence in _DELETED) | {"\u200e"}

_ADMIN_DELETED = re.compile(r"(?i)this message was deleted by admin .+|此消息已被?管理员.+删除|此訊息已被?管理員.+刪除")


def _compiled(rows: tuple[tuple[Kind, str, str], ...]) -> list[tuple[Kind, str, re.Pattern[str]]]:
    compiled = []
    for kind, value, template in rows:
        source = template
        for group in ("old", "value"):
            source = source.replace(f'{{"{group}"}}', _QUOTED.format(f"(?P<{group}>.+?)"))
        for group in ("who", "by", "old", "value"):
            source = source.replace(f"{{{group}}}", f"{_OPEN}(?P<{group}>.+?){_CLOSE}")
        compiled.append((kind, value, re.compile(source + r"[ 。.!！]*", re.IGNORECASE)))
    return compiled


@cache
def _grammar() -> list[tuple[Kind, str, re.Pattern[str]]]:
    return _compiled(_CHINESE) + _compiled(_ENGLISH) + _compiled(_OTHERS)


def is_deletion(text: str) -> bool:
    """Tell whether a message's text is the stand-in left by a deleted message, in any language the programs have."""
    if text[:1].lower() not in _DELETED_STARTS or len(text) > 200:
        return False
    plain = text.strip(" .。\u200e").lower()
    return plain in _DELETED or _ADMIN_DELETED.fullmatch(plain) is not None


def read_notice(sentence: str) -> Notice | None:
    """Understand a sentence written by the program; None when it says nothing about people or the chat's title."""
    text = sentence.strip().strip("\u200e\u200f")
    if not text or len(text) > LONGEST:
        return None
    for kind, constant, pattern in _grammar():
        match = pattern.fullmatch(text)
        if match is None:
            continue
        found = {name: value.strip() for name, value in match.groupdict().items() if value}
        if kind == "joined":
            found["how"] = constant
        elif kind == "role":
            found["value"] = constant
        return Notice(kind=kind, **found)
    return None


def split_names(names: str, is_known: Callable[[str], bool] | None = None) -> list[str]:
    """Split a list of names as sentences write it; a name that is known as a whole is left whole."""
    if is_known is not None and is_known(names):
        return [names]
    parts = re.split(r"[\"”」]?(?:、|，|, and |, | and |、| und | y | et | e | и )[\"“「]?", names)
    return [part for part in (part.strip(' "“”「」') for part in parts) if part]


def records_of(
    notice: Notice,
    at: datetime,
    person: Callable[[str], Person],
    *,
    is_known: Callable[[str], bool] | None = None,
    message_id: str = "",
) -> Iterator[Record]:
    """Turn a notice into records.

    ``person`` finds whoever goes by a name. What the exporter did or underwent gives a record only where somebody else is
    concerned too, for the sentence does not say who the exporter is. Where one sentence gives several records, the second
    and later ones carry ``message_id`` with ``#2``, ``#3`` … so that each has an id of its own.
    """
    for number, record in enumerate(_records(notice, at, person, is_known), start=1):
        yield replace(record, message_id=message_id if number == 1 or not message_id else f"{message_id}#{number}")


Announced = Joined | Left | Renamed | Recalled | ChatRenamed | RoleChanged
"""What a notice may become."""


def _is_unnamed(name: str) -> bool:
    return not name or name.lower() in SELF or name in SOMEBODY


def _records(
    notice: Notice,
    at: datetime,
    person: Callable[[str], Person],
    is_known: Callable[[str], bool] | None,
) -> Iterator[Announced]:
    actor = None if _is_unnamed(notice.by) else person(notice.by)
    kind = notice.kind
    if kind == "recalled":
        author = person(notice.old) if notice.old and not _is_unnamed(notice.old) else actor
        if author is not None:
            yield Recalled(at=at, member=author)
        return
    if kind == "chat_renamed":
        yield ChatRenamed(at=at, by=actor, title=notice.value)
        return
    if kind == "created":
        if actor is not None:
            yield Joined(at=at, member=actor, how="created")
        if notice.value:
            yield ChatRenamed(at=at, by=actor, title=notice.value)
        return
    if kind in {"renamed", "moved"}:
        yield from _renamed(notice, at, person)
        return
    for name in split_names(notice.who, is_known):
        if _is_unnamed(name):
            continue
        member = person(name)
        if kind == "joined":
            yield Joined(at=at, member=member, inviter=actor, how=notice.how)
        elif kind == "role":
            yield RoleChanged(at=at, member=member, role=notice.value)
        else:
            remover = (actor or UNKNOWN) if kind == "removed" else None
            yield Left(at=at, member=member, by=remover)


def _renamed(notice: Notice, at: datetime, person: Callable[[str], Person]) -> Iterator[Announced]:
    if _is_unnamed(notice.who):
        return
    member = person(notice.who)
    if not notice.value:  # a number was changed, and the sentence keeps the new one to itself
        return
    if notice.kind == "moved":
        new = person(notice.value)
        member = Person(name=member.name, identities=tuple(dict.fromkeys((*new.identities, *member.identities))))
    yield Renamed(at=at, member=member, old_name=notice.old or notice.who, new_name=notice.value)
