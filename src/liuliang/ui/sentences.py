"""What refusals say: a sentence for every code that the domain refuses with, for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from liuliang.kernel.errors import Refused

_sentences: dict[str, str | Promise] = {
    "lake.too_slow": gettext_lazy("这个问题 {seconds} 秒还没有算完，已停下。请缩短时间范围，或只看一个社群。"),
    "lake.too_much": gettext_lazy("这个问题要用的内存太多，已停下。请缩短时间范围，或只看一个社群。"),
}


def declare(sentences: Mapping[str, str | Promise]) -> None:
    """Declare what refusals say, by code; ``{name}`` takes the refusal's data.

    Each area of the console declares its own in ``console/<area>/refusals.py``, which its ``urls.py`` imports. A sentence
    says what happened and what to do next.
    """
    doubled = _sentences.keys() & sentences.keys()
    if doubled:
        raise ValueError(f"said twice: {', '.join(sorted(doubled))}")
    _sentences.update(sentences)


def declared() -> frozenset[str]:
    """Return every code that has a sentence."""
    return frozenset(_sentences)


def sentence(refusal: Refused) -> str:
    """Return what a refusal says to the person, in their language."""
    text = _sentences.get(refusal.code)
    if text is None:
        return _("这一步被拒绝了（{code}），什么都没有改变。").format(code=refusal.code)
    return str(text).format(**refusal.data)
