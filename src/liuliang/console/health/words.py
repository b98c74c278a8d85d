"""What the pages of health say: grades, the reason for a stage, and what would raise a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.health import Lift
from liuliang.analytics.lifecycle import STAGES, Proposal
from liuliang.ui import formats

GRADES: Mapping[str, tuple[str | Promise, str]] = {
    "good": (_("健康"), "good"),
    "fair": (_("一般"), ""),
    "poor": (_("虚弱"), "bad"),
    "unsure": (_("说不准"), ""),
}
"""What a grade is called, and its tone."""

_REASONS: Mapping[str, str | Promise] = {
    "nothing": _("还没有任何记录。"),
    "young": _("第一次有记录才 {days} 天，28 天里 {speakers} 人说过话。"),
    "few": _("{members} 人的群，28 天里只有 {speakers} 人说过话，还没聊起来。"),
    "dead": _("{days} 天没有一句话，群里还有 {members} 人。"),
    "silent": _("已经 {days} 天没人说话，按它以前的习惯不会安静这么久；最近 28 天里有 {speakers} 人说过话。"),
    "fading": _("28 天里说话的只有 {speakers} 人，再往前 28 天有 {before} 人，少了一半以上，不是偶然。"),
    "buying": _("28 天里 {buyers} 人付过款，占活跃的人的 {share}，其中 {again} 人前 28 天也买过。"),
    "growing": _("28 天进 {joined} 人、退 {left} 人，净增 {net} 人（{growth}）。"),
    "talking": _("28 天里 {speakers} 人说过话，占群成员的 {share}；没有明显在涨，也没有到 5% 的人付款。"),
}

_STEPS: Mapping[str, str | Promise] = {
    "growth": _("进出的人里再有 {n} 个是进来而不是离开"),
    "participation": _("再有 {n} 人开口"),
    "depth": _("让 {n} 个只来过一周的人换一周再说一次话"),
    "reciprocity": _("再有 {n} 对人互相回复"),
    "response": _("再让 {n} 天有第二个人接话"),
    "retention": _("找回 {n} 个上一个 28 天说话、这 28 天没出声的人"),
    "conversion": _("再有 {n} 个活跃的人付款"),
}

ADVICE: Mapping[str, str | Promise] = {
    "growth": _("给常说话的人一个值得转发的理由，并看看新人是从哪里来、为什么走的。"),
    "participation": _("点名欢迎、发一个一句话就能答的问题，从“没开口的人”里挑最近进群的先聊。"),
    "depth": _("设一个每周固定的栏目，让说过一次的人知道下周还有。"),
    "reciprocity": _("发帖时指名请两个人互评；管理员少直接回答，多请懂的人来答。"),
    "response": _("排个值班，保证有人开口的当天就有人接；先看哪些问题没人回。"),
    "retention": _("从“没再出声的人”里挑以前说得最多的，一对一问一句近况。"),
    "conversion": _("先让买过的人晒单，再给活跃但没买的人一个小额的第一单。"),
}
"""What to do for a part, in a sentence."""


def stage_title(stage: str) -> str:
    """Return what a stage is called; one that nobody knows any more by its key."""
    return str(STAGES[stage][0]) if stage in STAGES else stage


def reason_words(proposal: Proposal) -> str:
    """Return why the data proposes a stage, in a sentence."""
    written = {key: _number(key, value) for key, value in proposal.data.items()}
    return str(_REASONS[proposal.code]).format(**written)


def step_words(lift: Lift) -> str:
    """Return what would raise a group most, in few words."""
    step = str(_STEPS[lift.graded.part.key]).format(n=formats.exact(lift.missing))
    return _now("{step}：约 +{gain} 分").format(step=step, gain=f"{lift.gain:.1f}")


def lift_words(lift: Lift) -> str:
    """Return what would raise a group most, in a sentence with the numbers behind it."""
    step = str(_STEPS[lift.graded.part.key]).format(n=formats.exact(lift.missing))
    told = {
        "step": step,
        "part": lift.graded.part.definition.title,
        "share": formats.percent(lift.graded.share or 0.0),
        "goal": formats.percent(lift.goal),
        "gain": f"{lift.gain:.1f}",
    }
    if lift.is_of_peers:
        sentence = _now(
            "{step}，{part}就从 {share} 到 {goal}（你的群里做得最好的四分之一的水平），健康度大约 +{gain} 分。"
        )
    else:
        sentence = _now("{step}，{part}就从 {share} 到 {goal}（满分线），健康度大约 +{gain} 分。")
    told_of = sentence.format(**told)
    if lift.is_small:
        few = _now("小样本，说不准：这一项只数到 {n} 个。").format(n=formats.exact(lift.graded.of))
        return f"{told_of} {few}"
    return told_of


def _number(key: str, value: float) -> str:
    write: Callable[[float], str] = formats.percent if key in {"share", "growth"} else formats.exact
    return write(value)
