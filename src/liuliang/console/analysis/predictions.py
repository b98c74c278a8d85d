"""预测: who will probably buy or speak in the next days, who is about to be lost, and how far that can be relied on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW, ORDERS_VIEW
from liuliang.analytics.forecasts import forecast as story
from liuliang.analytics.forecasts.backtesting import Backtest, Errors, Theme
from liuliang.analytics.forecasts.forecast import AT_RISK, GROUPS, HORIZONS, Group, Report, Share, Withheld
from liuliang.analytics.forecasts.histories import Question, Subject
from liuliang.analytics.forecasts.learning import FEWEST, FEWEST_EACH
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members, query_of
from liuliang.console.communities.dashboard_people import faces
from liuliang.console.doors import StaffRequest, page
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series
from liuliang.ui.figures import Figure

FOLDER = "console/analysis"
MUCH = 0.2
"""How far the total of the test may be off before the page says so."""

SUBJECTS: dict[str, str | Promise] = {"buying": gettext_lazy("购买"), "speaking": gettext_lazy("发言")}
ACTING: dict[str, str | Promise] = {"buying": gettext_lazy("会买的人"), "speaking": gettext_lazy("会说话的人")}
TITLES: dict[Group, str | Promise] = {
    "kept": gettext_lazy("稳定"),
    "wavering": gettext_lazy("犹豫"),
    "fading": gettext_lazy("正在流失"),
    "gone": gettext_lazy("多半已流失"),
    "once": gettext_lazy("只来过一次"),
}
MEANINGS: dict[Group, str | Promise] = {
    "kept": gettext_lazy("仍活跃的概率至少 80%"),
    "wavering": gettext_lazy("仍活跃的概率 50% ~ 80%"),
    "fading": gettext_lazy("仍活跃的概率 20% ~ 50%"),
    "gone": gettext_lazy("仍活跃的概率不到 20%"),
    "once": gettext_lazy("来过一次的人，模型分不清走没走"),
}


_ENDS = gettext_lazy("一头是模型说的数，另一头按回测里的偏差改过")


LEANS: dict[Theme, str | Promise] = {
    "talk": gettext_lazy("最近一次说话离现在多久"),
    "rhythm": gettext_lazy("最近 12 周哪些日子说过话"),
    "volume": gettext_lazy("最近说了多少条"),
    "groups": gettext_lazy("在几个群里说话、退过群没有"),
    "order": gettext_lazy("最近一次买离现在多久"),
    "orders": gettext_lazy("最近 12 周买过几次"),
    "money": gettext_lazy("最近 12 周付了多少"),
    "past": gettext_lazy("一共来过几次、认识多久"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to foretell as it did in the test, beside the simple rule."""

    what: str
    method: str
    errors: Errors
    places: int
    is_used: bool

    @property
    def error(self) -> float:
        """Return its error."""
        return self.errors.model

    @property
    def simple(self) -> float:
        """Return the simple rule's."""
        return self.errors.simple

    @property
    def verdict(self) -> str:
        """Tell whether it beats the simple rule beyond chance."""
        return self.errors.verdict


@dataclass(frozen=True, slots=True)
class Row:
    """A group as it is drawn, with the way to its people."""

    share: Share
    title: str | Promise
    meaning: str | Promise
    url: str

    @property
    def times(self) -> str:
        """Return how often they are expected to come, to a tenth."""
        return f"{self.share.expected:,.1f}"

    @property
    def value(self) -> int:
        """Return what they are expected to bring, in minor units."""
        return round(self.share.value)

    @property
    def at_stake(self) -> int:
        """Return what may be lost, in minor units."""
        return round(self.share.at_stake)

    @property
    def chance(self) -> float:
        """Return how many of a hundred are expected to act, as a ratio."""
        return self.share.acting / self.share.people if self.share.people else 0.0


@page(permission=ANALYTICS_VIEW)
def predictions(request: StaffRequest) -> HttpResponse:
    """Show what is foretold, and how well the same would have foretold the last period."""
    subject, horizon = asked_of(request.access, request.GET)
    ground = ground_of(request.access, request.GET, *needed_for(subject), path=request.path)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": _("预测")})
    found = story.report(question_of(ground, subject, horizon))
    context: dict[str, object] = {
        "ground": ground,
        "choice": ground.choice,
        "subject": subject,
        "subjects": offered_to(request.access),
        "horizon": horizon,
        "horizons": HORIZONS,
        "forecast": story.FORECAST,
        "last_day": ground.asked().last_day,
        "is_of_money": subject == "buying",
    }
    if isinstance(found, Withheld):
        context["withheld"] = withheld_words(found, subject)
    else:
        context |= _told(request, found, subject, horizon)
    return render(request, f"{FOLDER}/predictions.html", context)


@page(permission=MEMBERS_VIEW)
def of_member(request: StaffRequest, member: Member) -> HttpResponse:
    """Say in a sentence what is foretold of a member; nothing where nothing can be."""
    context: dict[str, object] = {}
    for subject in ("buying", "speaking"):
        if not _may(request.access, subject) or not request.access.may(ANALYTICS_VIEW):
            continue
        ground = ground_of(request.access, QueryDict(), MEMBERS_VIEW, *needed_for(subject))
        if ground.choice.known is None:
            continue
        question = question_of(ground, subject, HORIZONS[0])
        known = story.fitted(question)
        if isinstance(known, Withheld):
            continue
        seen = story.outlook(question, known, (member.pk,))
        if len(seen.told):
            context |= {
                "is_told": True,
                "sentence": sentence(seen, subject, HORIZONS[0]),
                "title": TITLES[GROUPS[int(seen.groups[0])]],
                "is_better": known.test.is_better,
            }
            break
    return render(request, f"{FOLDER}/member_forecast.html", context)


def sentence(seen: story.Outlook, subject: Subject, horizon: int) -> str:
    """Return what is foretold of the one person in ``seen``."""
    acts = formats.chance(float(seen.acts_within[0]))
    if subject == "buying":
        text = _("接下来 {days} 天会买的概率 {chance}，预计 {times} 次").format(
            days=horizon, chance=acts, times=f"{seen.expected[0]:.1f}"
        )
        if seen.value[0]:
            text += _("、约 {money}").format(money=formats.money(round(float(seen.value[0]))))
    else:
        text = _("接下来 {days} 天会说话的概率 {chance}，预计 {times} 天").format(
            days=horizon, chance=acts, times=f"{seen.expected[0]:.1f}"
        )
    if seen.told.acts[0] > 1:
        return text + _("；仍活跃的概率 {alive}。").format(alive=formats.chance(float(seen.alive[0])))
    return text + _("；只来过一次，还分不清走没走。")


def offered_to(access: Access) -> dict[str, str | Promise]:
    """Return what somebody may have foretold."""
    return {key: words for key, words in SUBJECTS.items() if _may(access, key)}


def needed_for(subject: str) -> tuple[str, ...]:
    """Return what one must be allowed to see besides figures."""
    return (ORDERS_VIEW,) if subject == "buying" else ()


def question_of(ground: Ground, subject: Subject, horizon: int) -> Question:
    """Return the question about a ground."""
    return Question(ground.scope, subject, horizon, ground.asked().last_day, ground.timezone)


def asked_of(access: Access, parameters: QueryDict) -> tuple[Subject, int]:
    """Read what is to be foretold, and how far ahead; what cannot be understood takes its usual value."""
    offered = [*offered_to(access)]
    subject = parameters.get("subject", "")
    ahead = parameters.get("horizon", "")
    return (
        cast("Subject", subject if subject in offered else offered[0]),
        int(ahead) if ahead in {str(each) for each in HORIZONS} else HORIZONS[0],
    )


def withheld_words(withheld: Withheld, subject: str) -> str:
    """Say why nothing is foretold, and what would change that."""
    words = {
        ("nobody", "buying"): _("这个范围里还没有人买过。导入订单以后，这里会预测谁会再买、谁快要流失。"),
        ("nobody", "speaking"): _("这个范围里还没有人说过话。导入聊天记录以后，这里会预测谁会再来、谁快要流失。"),
        ("history", ""): _("数据只有 {found} 天，预测并检验至少要 {needed} 天（三个预测期）。可以缩短预测期，或等数据再攒一攒。"),
        ("people", ""): _("一个预测期以前，这个范围里只有 {found} 个人，至少要 {needed} 个才分得清规律和偶然。可以放大范围。"),
        ("again", ""): _("一个预测期以前，来过两次以上的只有 {found} 个人，至少要 {needed} 个。可以放大范围，或等数据再攒一攒。"),
    }  # fmt: skip
    found = words.get((withheld.reason, subject)) or words[withheld.reason, ""]
    return found.format(needed=formats.exact(withheld.needed), found=formats.exact(withheld.found))


def _told(request: StaffRequest, found: Report, subject: Subject, horizon: int) -> dict[str, object]:
    may_see = may_see_members(request.access)
    query = query_of(request.GET, subject=subject, horizon=str(horizon))
    known = faces([risk.member for risk in found.risks], may_see=may_see)
    risks = [(known[each.member], each, round(each.at_stake)) for each in found.risks if each.member in known]
    endangered = [share for share in found.shares if share.group in AT_RISK]
    acting, low, high = range_of(found)
    return {
        "report": found,
        "figures": _figures(found, subject, endangered),
        "rows": rows_of(found, query if may_see else ""),
        "risks": risks,
        "endangered": sum(share.people for share in endangered),
        "risk_url": behind_url("forecast", query, group="risk") if may_see and risks else "",
        "test": found.fitted.test,
        "trials": _trials(found.fitted.test),
        "learnt": learnt_words(found.fitted.test),
        "verdict": verdict_words(found.fitted.test),
        "bias": bias_words(found.fitted.test),
        "backtest": story.BACKTEST,
        "calibration": _calibration(found),
        "leans": _leans(found.fitted.test),
        "has_money": found.fitted.money is not None,
        "is_tied": abs(found.fitted.tie) > story.TIED,
        "acting": acting,
        "low": low,
        "high": high,
        "foretold": round(found.fitted.test.foretold),
        "simple": round(found.fitted.test.simple),
    }


def rows_of(found: Report, query: str) -> list[Row]:
    """Return the groups as they are drawn; without ``query`` they lead nowhere."""
    return [
        Row(
            share, TITLES[share.group], MEANINGS[share.group],
            behind_url("forecast", query, group=share.group) if query and share.people else "",
        )
        for share in found.shares
    ]  # fmt: skip


def range_of(found: Report) -> tuple[int, int, int]:
    """Return how many people are expected to act, and between which numbers: chance, and the error of the test made again."""
    low, high = found.acting_range
    return round(found.acting), round(low), round(high)


def verdict_words(test: Backtest) -> str:
    """Say whether the forecast is worth more than what anybody could guess."""
    if test.is_better:
        doubt = _doubt(test.people_ratio) or _doubt(test.times_ratio)
        if doubt:
            return _("比“照上一期估”更准，排先后可以用；总数{doubt}，看它的区间。").format(doubt=doubt)
        return _("比“照上一期估”更准，可以用。")
    if "worse" in {test.chance.verdict, test.times.verdict}:
        return _("没有比“照上一期估”更准：请当作参考，不要只凭它做决定。")
    return _("和“照上一期估”分不出高下：请当作参考，不要只凭它做决定。")


def learnt_words(test: Backtest) -> str:
    """Say what the learnt model adds, or why there is none."""
    if test.learned is None:
        return _("逻辑回归没有用上：至少要 {people} 个人、来和没来的各 {each} 个才学得出来。").format(
            people=FEWEST, each=FEWEST_EACH
        )
    if test.uses_learned:
        return _("“会不会来”用逻辑回归：它比 BG/NBD 明显更准。来的人来几次，仍按 BG/NBD。")
    return _("“会不会来”用 BG/NBD：逻辑回归没有明显比它更准。")


def _trials(test: Backtest) -> list[Trial]:
    whether, often = _("会不会来（概率误差）"), _("来几次（每人次数误差）")
    by = {_("BG/NBD 模型"): test.formula, _("逻辑回归"): test.learned}
    trials = [
        Trial(whether, method, errors, 4, is_used=errors is test.chance) for method, errors in by.items() if errors
    ]
    return [*trials, Trial(often, _("BG/NBD 模型"), test.times, 3, is_used=True)]


def _leans(test: Backtest) -> Chart | None:
    """Return what the learnt model leans on, while it is used."""
    if test.learned is None or not test.uses_learned:
        return None
    usual = test.learned.model
    return Chart(
        "leans",
        _("看什么估得准？"),
        "ranking",
        [str(LEANS[lean.theme]) for lean in test.leans],
        [Series("value", _("误差多出"), [lean.rise / usual for lean in test.leans], "percent")],
        definition=_(
            "回测里把这一类数在各人之间打乱，逻辑回归的概率误差（Brier 分数）比本来多出几成：越多，它越靠这一类。"
        ),
        label_title=_("看的是"),
    )


def _figures(found: Report, subject: Subject, endangered: list[Share]) -> list[Figure]:
    test = found.fitted.test
    acting, low, high = range_of(found)
    people = f"{formats.exact(low)} ~ {formats.exact(high)}"
    shown = [
        Figure(
            ACTING[subject],
            acting,
            unit=_("人"),
            interval=people,
            interval_title=_ENDS,
            doubt=_doubt(test.people_ratio),
        )
    ]
    if subject == "buying" and found.fitted.money is not None:
        ends = story.widened(found.value, test.times_ratio)
        interval = " ~ ".join(formats.money_short(round(end)) for end in ends)
        shown.append(
            Figure(
                _("预计成交额"),
                found.value,
                "money",
                interval=interval,
                interval_title=_ENDS,
                doubt=_doubt(test.times_ratio),
            )
        )
    else:
        title = _("预计次数") if subject == "buying" else _("预计说话的人次·天")
        ends = story.widened(found.expected, test.times_ratio)
        interval = " ~ ".join(formats.exact(round(end)) for end in ends)
        doubt = _doubt(test.times_ratio)
        shown.append(
            Figure(title, round(found.expected), unit=_("次"), interval=interval, interval_title=_ENDS, doubt=doubt)
        )
    shown.append(Figure(_("快要流失的人"), sum(share.people for share in endangered), unit=_("人")))
    if found.fitted.money is not None:
        shown.append(Figure(_("快要流失的成交额"), sum(share.at_stake for share in endangered), "money"))
    return shown


def _doubt(ratio: float) -> str:
    """Return whether a number is probably too low or too high: where the test's was, by much."""
    if ratio > 1 and 1 - 1 / ratio > MUCH:
        return _("多半偏低")
    return _("多半偏高") if ratio < 1 and 1 / ratio - 1 > MUCH else ""


def bias_words(test: Backtest) -> str:
    """Return by how much the total of the test was told too low or too high, where that is much."""
    if not test.happened or abs(test.foretold / test.happened - 1) <= MUCH:
        return ""
    share = formats.percent(abs(test.foretold / test.happened - 1), 0)
    words = (
        _("回测里总次数少说了 {share}：看谁先谁后可以，看总数要往多里想。")
        if test.foretold < test.happened
        else _("回测里总次数多说了 {share}：看谁先谁后可以，看总数要往少里想。")
    )
    return words.format(share=share)


def _calibration(found: Report) -> Chart:
    bins = found.fitted.test.bins
    return Chart(
        "calibration",
        _("说有几成会来的人，真的来了几成？"),
        "line",
        [f"{formats.percent(each.low)} ~ {formats.percent(each.high)}" for each in bins],
        [
            Series(
                "speakers", _("真的来了"), [each.share for each in bins], "percent",
                low=[each.interval[0] for each in bins], high=[each.interval[1] for each in bins],
            ),
            Series("before", _("预测会来"), [each.foretold for each in bins], "percent", is_dashed=True),
        ],
        definition=_("回测里按预测概率从低到高分成人数相同的组，比较每组预测的平均概率和真的来了的比例。两条线越贴近越准；区间是 95% 的 Wilson 区间。"),
        label_title=_("预测的概率"),
    )  # fmt: skip


def _may(access: Access, subject: str) -> bool:
    return all(map(access.may, needed_for(subject)))


def _asked_groups(parameters: QueryDict) -> tuple[str, ...]:
    group = parameters.get("group", "")
    if group == "risk":
        return AT_RISK
    if group not in GROUPS:
        raise ValueError(group)
    return (group,)


def _words(_access: Access, parameters: QueryDict) -> str:
    groups = _asked_groups(parameters)
    subject = SUBJECTS.get(parameters.get("subject", ""), SUBJECTS["speaking"])
    titles = formats.listed(TITLES[group] for group in GROUPS if group in groups)
    return _("预测（{subject}）：{groups}").format(subject=subject, groups=titles)


def _crowd_needs(parameters: QueryDict) -> tuple[str, ...]:
    return needed_for(parameters.get("subject", ""))


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    groups = _asked_groups(parameters)
    subject, horizon = asked_of(ground.access, parameters)
    if ground.choice.known is None or subject != parameters.get("subject"):
        return ()
    return story.members_in(question_of(ground, subject, horizon), groups)


declare("forecast", Crowd(_words, _crowd_needs, _members))
