"""Slack: the .zip of a workspace export.

``users.json``, ``channels.json`` (and ``groups.json``, ``mpims.json``, ``dms.json``), and for each channel a folder with a
file a day. A user's id is unique in its workspace only, so the workspace stands before it. Text is Slack's mrkdwn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.archives import Archive, Member, open_archive
from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import clean, instant_of, mapping, sequence, text_of
from liuliang.importers.jsonstream import read_json
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, MessageType, Person, Record
from liuliang.importers.text import unreadable
from liuliang.kernel.errors import Refused

_DAY = re.compile(r"(?:.*/)?([^/]+)/(\d{4}-\d{2}-\d{2})\.json")
_CHANNELS = (("channels.json", True), ("groups.json", True), ("mpims.json", True), ("dms.json", False))
_MANY = 100_000

_JOIN = frozenset({"channel_join", "group_join"})
_LEAVE = frozenset({"channel_leave", "group_leave"})
_RENAME = frozenset({"channel_name", "group_name"})
_CALLS = frozenset({"huddle_thread", "sh_room_created", "sh_room_shared"})
_SILENT = frozenset(
    {
        "channel_topic", "channel_purpose", "channel_archive", "channel_unarchive", "group_topic", "group_purpose",
        "group_archive", "group_unarchive", "channel_convert_to_private", "channel_posting_permissions", "pinned_item",
        "unpinned_item", "bot_add", "bot_remove", "bot_enable", "bot_disable", "reminder_add", "reminder_delete",
        "tombstone", "message_deleted", "message_changed", "message_replied", "ekm_access_denied", "joiner_notification",
        "joiner_notification_for_inviter", "app_conversation_join", "document_mention", "tabbed_canvas_updated",
    }
)  # fmt: skip
"""Notices, copies and traces that tell nothing that is kept."""

_MARK = re.compile(r"<([^<>\n]{1,2000})>")
_CALLED = re.compile(r"<@([A-Z0-9]{2,20})(?:\|[^<>]*)?>")


class SlackZip:
    """Workspace export of Slack."""

    key = "slack_zip"
    title: str | Promise = _("Slack 工作区导出 (.zip)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one, by the names in the archive."""
        names = {name.rsplit("/", 1)[-1] for name in head.names}
        days = sum(_DAY.fullmatch(name) is not None for name in head.names)
        has_channels = any(name in names for name, _is_group in _CHANNELS)
        if "users.json" in names and (has_channels or days):
            return 1.0
        return 0.8 if days and has_channels else 0.5 if days and days == len(head.names) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the channels that have messages."""
        with open_archive(path) as archive:
            workspace = _read_workspace(archive)
            chats = tuple(workspace.chat(folder) for folder in _folders(archive))
        return Inspection(chats=chats or (Chat("slack"),), timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record, channel after channel and day after day."""
        try:
            with open_archive(path) as archive:
                workspace = _read_workspace(archive)
                for folder, days in _folders(archive).items():
                    yield from _read_channel(archive, workspace, workspace.chat(folder), days)
        except Refused as refused:
            chat = inspection.chats[0] if inspection.chats else Chat("slack")
            yield Read(unreadable(1, refused.code.removeprefix("import."), path.name), chat, 1, 0)


@dataclass(slots=True)
class _Workspace:
    """Who and what the export's lists name."""

    team: str = ""
    people: dict[str, Person] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)

    def chat(self, folder: str) -> Chat:
        """Return the channel of a folder."""
        return self.chats.get(folder) or Chat("slack", folder, f"#{folder}")

    def person(self, user: str, name: str = "", *, team: str = "", is_bot: bool = False) -> Person:
        """Return a user; one that the list lacks is known by id."""
        person = self.people.get(user)
        if person is None:
            place = self.team or team
            account = f"{place}:{user}" if place else user
            person = Person(clean(name), (("slack", account),), is_bot)
            if len(self.people) < _MANY:
                self.people[user] = person
        return person


def _folders(archive: Archive) -> dict[str, list[Member]]:
    """Return the day files of each channel, in order."""
    folders: dict[str, list[Member]] = {}
    for member in sorted(archive.members, key=lambda member: member.name):
        if match := _DAY.fullmatch(member.name):
            folders.setdefault(match[1], []).append(member)
    return folders


def _read_workspace(archive: Archive) -> _Workspace:
    workspace = _Workspace()
    users = list(_listed(archive, "users.json"))
    teams = Counter(team for user in users if (team := text_of(user.get("team_id"))))
    # A shared channel brings guests of other workspaces, who are fewer.
    workspace.team = teams.most_common(1)[0][0] if teams else ""
    for user in users:
        if account := text_of(user.get("id")):
            workspace.people[account] = _user(user, account, workspace.team)
    for file, is_group in _CHANNELS:
        for channel in _listed(archive, file):
            key = text_of(channel.get("id"))
            name = text_of(channel.get("name"))
            # Folders of direct messages are called by id, others by name.
            workspace.chats[name or key] = Chat("slack", key or name, f"#{name}" if name else "", is_group=is_group)
    return workspace


def _user(user: Mapping[str, Any], account: str, team: str) -> Person:
    profile = mapping(user.get("profile"))
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    name = next((text for text in map(text_of, names) if text), "")
    place = text_of(user.get("team_id")) or team
    identities = [("slack", f"{place}:{account}" if place else account)]
    if (mail := text_of(profile.get("email")).strip().lower()) and "@" in mail:
        identities.append(("email", mail))
    return Person(name, tuple(identities), user.get("is_bot") is True or account == "USLACKBOT")


def _listed(archive: Archive, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of one of the lists beside the channels."""
    member = archive.find(name)
    if member is None:
        return
    try:
        with archive.open(member) as (stream, consumed):
            for found in read_json(stream, items=frozenset({""}), consumed=consumed):
                if found.kind == "item" and isinstance(found.value, dict):
                    yield found.value
    except Refused:
        return  # without this list people and channels go by their ids


def _read_channel(archive: Archive, workspace: _Workspace, chat: Chat, days: Iterable[Member]) -> Iterator[Read]:
    count = 0
    for day in days:
        try:
            with archive.open(day) as (stream, consumed):
                for found in read_json(stream, items=frozenset({""}), consumed=consumed):
                    if found.kind == "flaw":
                        yield Read(found.value, chat, count + found.number, found.position)
                        continue
                    count += 1
                    if record := _record(found.value, count, workspace):
                        yield Read(record, chat, count, found.position)
        except Refused as refused:
            reason = refused.code.removeprefix("import.")
            yield Read(unreadable(count + 1, reason, day.name), chat, count + 1, archive.position())


def _record(value: object, number: int, workspace: _Workspace) -> Record | None:
    """Return what one element of a day says."""
    if not isinstance(value, dict):
        return unreadable(number, "bad_type", str(value)[:200])
    subtype = text_of(value.get("subtype"))
    if subtype in _SILENT:
        return None
    at = instant_of(value.get("ts"))
    if at is None:
        return unreadable(number, "bad_date", f"{value.get('ts')} {value.get('text')}")
    sender = _sender(value, workspace)
    if sender is None:
        return unreadable(number, "no_sender", str(value)[:200])
    return _noticed(value, subtype, at, sender, workspace) or _said(value, subtype, at, sender, workspace)


def _noticed(
    value: Mapping[str, Any], subtype: str, at: datetime, sender: Person, workspace: _Workspace
) -> Record | None:
    """Return what a notice tells; None when it is something said."""
    message_id = text_of(value.get("ts"))
    if subtype in _JOIN:
        inviter = text_of(value.get("inviter"))
        invited_by = workspace.person(inviter) if inviter else None
        return Joined(at, sender, invited_by, "invite" if invited_by else "", message_id)
    if subtype in _LEAVE:
        return Left(at, sender, message_id=message_id)
    if subtype in _RENAME:
        return ChatRenamed(at, sender, text_of(value.get("name")), message_id)
    return None


def _sender(value: Mapping[str, Any], workspace: _Workspace) -> Person | None:
    user = value.get("user")
    if not isinstance(user, str):
        user = text_of(mapping(user).get("id"))
    if user:
        profile = mapping(value.get("user_profile"))
        name = (
            text_of(profile.get("display_name")) or text_of(profile.get("real_name")) or text_of(value.get("username"))
        )
        return workspace.person(user, name, team=text_of(value.get("user_team")) or text_of(value.get("team")))
    name = text_of(value.get("username")) or text_of(mapping(value.get("bot_profile")).get("name"))
    if robot := text_of(value.get("bot_id")):
        return workspace.person(robot, name, team=text_of(value.get("team")), is_bot=True)
    return Person(name, is_bot=True) if name else None


def _said(value: Mapping[str, Any], subtype: str, at: datetime, sender: Person, workspace: _Workspace) -> Message:
    written = value.get("text")
    written = written if isinstance(written, str) else ""
    mentions: tuple[Person, ...] = ()
    if "<@" in written:
        mentions = tuple(dict.fromkeys(workspace.person(user) for user in _CALLED.findall(written)))
    text = clean(_plain(written, workspace))
    kind: MessageType = "text"
    if subtype in _CALLS:
        kind = "call"
    elif files := sequence(value.get("files")) or sequence([value.get("file")] if value.get("file") else None):
        kind = _kind(text_of(mapping(files[0]).get("mimetype")))
        if not text:
            text = text_of(mapping(files[0]).get("title")) if kind == "file" else ""
    elif not text and (attached := sequence(value.get("attachments"))):
        first = mapping(attached[0])
        text = clean(_plain(text_of(first.get("fallback")) or text_of(first.get("text")), workspace))
    ts, thread = text_of(value.get("ts")), text_of(value.get("thread_ts"))
    return Message(at, sender, text, kind, ts, thread if thread != ts else "", mentions)


def _kind(mime: str) -> MessageType:
    sort = mime.split("/", 1)[0]
    return "image" if sort == "image" else "video" if sort == "video" else "voice" if sort == "audio" else "file"


def _plain(text: str, workspace: _Workspace) -> str:
    """Return mrkdwn as people read it: names for ids, addresses as such."""
    if "<" in text:
        text = _MARK.sub(lambda match: _shown(match[1], workspace), text)
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return text


def _shown(mark: str, workspace: _Workspace) -> str:
    target, _bar, label = mark.partition("|")
    if target.startswith("@"):
        return f"@{workspace.person(target[1:]).name or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label if "^" in target else f"@{label.lstrip('@') or target[1:]}"
    target = target.removeprefix("mailto:").removeprefix("tel:")
    return target if not label or label in target else f"{label} ({target})"


SOURCE = SlackZip()
