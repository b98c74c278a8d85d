"""What happens with members and communities."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.kernel.events import Event, event


@event("member.joined", title=_("进群"), icon="user-plus", other="inviter")
@dataclass(frozen=True, slots=True)
class MemberJoined(Event):
    """A member came into a community; ``how`` as in `liuliang.importers.records.Joined`."""

    inviter: int | None = None
    how: str = ""


@event("member.left", title=_("退群"), icon="user-minus", other="by")
@dataclass(frozen=True, slots=True)
class MemberLeft(Event):
    """A member went out of a community; ``by`` is the member who removed them, where it is known who did."""

    by: int | None = None
    is_removed: bool = False


@event("member.listed", title=_("在成员名单中"), icon="list-check")
@dataclass(frozen=True, slots=True)
class MemberListed(Event):
    """A member list said that the member is in the community, with this role."""

    role: str = ""


@event("member.renamed", title=_("改名"), icon="edit", personal=("old_name", "new_name"))
@dataclass(frozen=True, slots=True)
class MemberRenamed(Event):
    """A member is seen under another name."""

    old_name: str = ""
    new_name: str = ""


@event("member.role_changed", title=_("群内角色变化"), icon="shield")
@dataclass(frozen=True, slots=True)
class MemberRoleChanged(Event):
    """A member became owner, admin, or plain member (empty) of a community."""

    role: str = ""


@event("message.sent", title=_("发言"), icon="message", personal=("text", "links"), other="reply_member")
@dataclass(frozen=True, slots=True)
class MessageSent(Event):
    """A member said something in a community.

    ``reply_to`` is the source id of the message answered, ``reply_member`` its author, ``is_question`` whether the text
    asks something.
    """

    text: str = ""
    type: str = "text"
    links: tuple[str, ...] = ()
    reply_to: str = ""
    reply_member: int | None = None
    mentions: tuple[int, ...] = ()
    is_question: bool = False
    is_recalled: bool = False


@event("message.recalled", title=_("撤回消息"), icon="message-off")
@dataclass(frozen=True, slots=True)
class MessageRecalled(Event):
    """A message was taken back; ``target`` is its source id where known."""

    target: str = ""


@event("community.renamed", title=_("群改名"), icon="pencil")
@dataclass(frozen=True, slots=True)
class CommunityRenamed(Event):
    """A community got a new title."""

    title: str = ""


@event("member.merged", title=pgettext_lazy("event", "合并成员"), icon="arrows-join", other="into")
@dataclass(frozen=True, slots=True)
class MemberMerged(Event):
    """The member of this event is the same person as ``into``; ``rule`` says how that is known."""

    into: int
    rule: str = ""


@event("member.split", title=pgettext_lazy("event", "拆分成员"), icon="arrows-split", other="out_of")
@dataclass(frozen=True, slots=True)
class MemberSplit(Event):
    """The member of this event is a person of their own again, no longer ``out_of``."""

    out_of: int


@event("member.erased", title=pgettext_lazy("event", "删除个人信息"), icon="eraser")
@dataclass(frozen=True, slots=True)
class MemberErased(Event):
    """The member's personal data was erased; what counts without a name remains."""


@event("member.tagged", title=pgettext_lazy("event", "打标签"), icon="tag")
@dataclass(frozen=True, slots=True)
class MemberTagged(Event):
    """A tag was put on a member."""

    tag: int
    name: str = ""


@event("member.untagged", title=pgettext_lazy("event", "去标签"), icon="tag-off")
@dataclass(frozen=True, slots=True)
class MemberUntagged(Event):
    """A tag was taken off a member."""

    tag: int
    name: str = ""


@event("circle.joined", title=_("进小圈子"), icon="users-plus")
@dataclass(frozen=True, slots=True)
class CircleJoined(Event):
    """Staff put a member into a circle of a community."""

    circle: int


@event("circle.left", title=_("出小圈子"), icon="users-minus")
@dataclass(frozen=True, slots=True)
class CircleLeft(Event):
    """A member is no longer in a circle: staff took them out, or disbanded it."""

    circle: int


@event("member.described", title=_("资料变化"), icon="id")
@dataclass(frozen=True, slots=True)
class MemberDescribed(Event):
    """The profile of a member changed; ``fields`` are the keys of the attributes, without what they say."""

    fields: tuple[str, ...] = ()


@event("survey.answered", title=_("推荐意愿评分"), icon="mood-smile", personal=("comment",), value="score")
@dataclass(frozen=True, slots=True)
class SurveyAnswered(Event):
    """A member said how likely they are to recommend us, from 0 to 10; ``survey`` is the name of the survey, if it has one."""

    score: int
    survey: str = ""
    comment: str = ""
