"""The blueprint and the identity of a community: what it is for, and how it shows itself.

Stored as JSON on the community. Everything is optional, because a plan grows; the console builds its forms from these
models, so each field carries its Chinese title, translated where it is shown.
"""

from __future__ import annotations

import base64
from datetime import date, time
from typing import Annotated, Any, Literal, TypeVar

from django.utils.translation import gettext_noop as _
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from liuliang.kernel.errors import Refused

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)]
Lines = Annotated[list[Line], Field(max_length=60)]

STRUCTURES = {
    "": _("未定"),
    "ring": _("环形结构（社交群：人人相连）"),
    "pyramid": _("金字塔结构（学习群：由中心向下）"),
}
LOGO_LIMIT = 100 * 1024
"""Most bytes of a logo; it is kept with the identity and shown small."""

_IMAGES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}

M = TypeVar("M", bound=BaseModel)


class _Plan(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class Persona(_Plan):
    """Whom the community is for."""

    age: Line = Field("", title=_("年龄"))
    gender: Line = Field("", title=_("性别"))
    job: Line = Field("", title=_("职业"))
    city: Line = Field("", title=_("城市"))
    income: Line = Field("", title=_("收入"))
    education: Line = Field("", title=_("学历"))
    interests: Line = Field("", title=_("兴趣"))


class Purpose(_Plan):
    """5W2H: why, what, where, when, who, how and how much."""

    why: Text = Field("", title=_("为什么做（Why）"))
    what: Text = Field("", title=_("做什么（What）"))
    where: Text = Field("", title=_("在哪里做（Where）"))
    when: Text = Field("", title=_("什么时候做（When）"))
    who: Text = Field("", title=_("谁来做、为谁做（Who）"))
    how: Text = Field("", title=_("怎么做（How）"))
    how_much: Text = Field("", title=_("投入多少（How much）"))


class Content(_Plan):
    """What is talked about, and how."""

    form: Line = Field("", title=_("内容形式"))
    tone: Line = Field("", title=_("语言风格"))
    schedule: Text = Field("", title=_("内容节奏"))


class Monetisation(_Plan):
    """How the community pays for itself."""

    product: Text = Field("", title=_("产品变现"))
    content: Text = Field("", title=_("内容变现"))
    service: Text = Field("", title=_("服务变现"))


class Cost(_Plan):
    """One line of the cost plan: what for, and how much a month in minor units."""

    item: Line = Field("", title=_("费用项目"))
    monthly: int = Field(0, ge=0, le=10**12, title=_("每月金额"))


class Blueprint(_Plan):
    """The plan of a community (社群蓝图). Its goal is to be reached by the day on which it ``ends``; without one it is for good."""

    goal: Text = Field("", title=_("目标"))
    begins: date | None = Field(None, title=_("开始日"))
    ends: date | None = Field(None, title=_("目标截止日（长期的群不填）"))
    purpose: Purpose = Field(default_factory=Purpose, title=_("5W2H"))
    structure: Literal["", "ring", "pyramid"] = Field("", title=_("内部结构"))
    persona: Persona = Field(default_factory=Persona, title=_("目标用户画像"))
    content: Content = Field(default_factory=Content, title=_("内容"))
    service_standard: Text = Field("", title=_("服务标准"))
    monetisation: Monetisation = Field(default_factory=Monetisation, title=_("变现方式"))
    costs: Annotated[list[Cost], Field(max_length=30)] = Field(default_factory=list, title=_("成本计划"))

    @field_validator("ends")
    @classmethod
    def _ends_after_it_begins(cls, ends: date | None, told: ValidationInfo) -> date | None:
        begins = told.data.get("begins")
        if ends is not None and begins is not None and ends < begins:
            raise ValueError("ends before it begins")
        return ends


class Reception(_Plan):
    """What happens when somebody comes in (接待 SOP)."""

    welcome: Text = Field("", title=_("欢迎语"))
    introduction: Lines = Field(default_factory=list, title=_("自我介绍模板"))
    steps: Lines = Field(default_factory=list, title=_("入群步骤"))
    opens: time | None = Field(None, title=_("服务开始时间"))
    closes: time | None = Field(None, title=_("服务结束时间"))


class Term(_Plan):
    """A word of the community's own and what it means (专属用语)."""

    word: Line = Field("", title=_("用语"))
    meaning: Line = Field("", title=_("含义"))


class CommunityIdentity(_Plan):
    """How a community shows itself (社群识别). ``logo`` is a small image as a data URI."""

    slogan: Line = Field("", title=_("口号"))
    logo: Annotated[str, StringConstraints(max_length=LOGO_LIMIT * 4 // 3 + 40)] = Field("", title=_("标志"))
    poster: Text = Field("", title=_("入群海报文案"))
    vocabulary: Annotated[list[Term], Field(max_length=60)] = Field(default_factory=list, title=_("专属用语"))
    rituals: Lines = Field(default_factory=list, title=_("仪式"))
    reception: Reception = Field(default_factory=Reception, title=_("接待流程"))

    @model_validator(mode="after")
    def _logo_is_an_image(self) -> CommunityIdentity:
        if self.logo and not self.logo.startswith(tuple(f"data:{mime};base64," for mime in _IMAGES.values())):
            raise ValueError("logo is not an image")
        return self


def logo_from(content: bytes) -> str:
    """Return an uploaded logo as it is stored.

    Raises:
        Refused: ``community.logo_unusable`` when it is not a PNG, JPEG or WebP of at most `LOGO_LIMIT` bytes.
    """
    mime = next((mime for magic, mime in _IMAGES.items() if content.startswith(magic)), None)
    if mime is None or len(content) > LOGO_LIMIT:
        raise Refused("community.logo_unusable", limit=LOGO_LIMIT)
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def read_blueprint(stored: dict[str, Any]) -> Blueprint:
    """Return a stored blueprint; what cannot be understood any more is left out rather than hiding the rest."""
    return _read(Blueprint, stored)


def read_identity(stored: dict[str, Any]) -> CommunityIdentity:
    """Return a stored identity, as `read_blueprint` does."""
    return _read(CommunityIdentity, stored)


def _read(model: type[M], stored: dict[str, Any]) -> M:
    try:
        return model.model_validate(stored)
    except ValidationError as error:
        bad = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
        return model.model_validate({key: value for key, value in stored.items() if key not in bad})
