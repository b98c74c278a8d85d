"""Points at a glance: what came in, what went, what is owed in money, and whether it grows faster than it is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW, POINTS_MANAGE, POINTS_VIEW
from liuliang.analytics.traffic import Coverage
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import shown_name
from liuliang.console.periods import PeriodChoice, choose
from liuliang.kernel import clock
from liuliang.loyalty.adjusting import programme
from liuliang.loyalty.models import EarningRule, PointsDay, Programme
from liuliang.loyalty.queries import Inflation, Liability, board, given_by_rule, inflation, liability
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.ui.charts import Chart, Series
from liuliang.ui.figures import Change, Figure

MONTHS = 12
"""Months of endings that are drawn by themselves."""

TOP = 10


@dataclass(frozen=True, slots=True)
class Owed:
    """What outstanding points are worth beside what is kept for them; ``share`` is None where nothing is kept."""

    value: int
    set_aside: int | None
    share: float | None

    @property
    def is_over(self) -> bool:
        """Tell whether more is owed than is kept."""
        return self.set_aside is not None and self.value > self.set_aside


@page(permission=POINTS_VIEW)
def overview(request: StaffRequest) -> HttpResponse:
    """Show the points of a period."""
    known = _coverage()
    choice = choose(request, known, today(clock.now()))
    terms = programme()
    worth = (terms.worth_money, terms.worth_points)
    now = liability(choice.period.first, choice.period.last, worth=worth)
    before = liability(choice.period.previous.first, choice.period.previous.last, worth=worth)
    context = {
        "known": known,
        "choice": choice,
        "figures": _figures(choice, now, before),
        "owed": owed(now, terms),
        "terms": terms,
        "liability": now,
        "inflation": inflation(now, before) if choice.is_comparable else None,
        "inflation_text": inflation_sentence(inflation(now, before)) if choice.is_comparable else "",
        "days": _days(choice, now),
        "endings": _endings(now),
        "rules": _by_rule(choice),
        "most": _most(request.access),
        "may_manage": request.access.may_everywhere(POINTS_MANAGE),
    }
    return render(request, "console/rewards/overview.html", context)


def owed(now: Liability, terms: Programme) -> Owed:
    """Return what is owed in money, and what share of the money kept for it that is."""
    kept = terms.set_aside
    return Owed(now.value, kept, now.value / kept if kept else None)


def inflation_sentence(found: Inflation) -> str:
    """Say how much is issued for each point used, now and before."""
    if found.now is None:
        return _("这一期一分都没有用掉。") if found.before is None else _("这一期一分都没有用掉，上一期每用掉 1 分发放 {before} 分。").format(
            before=_ratio(found.before)
        )  # fmt: skip
    if found.before is None:
        return _("这一期每用掉 1 分，发放 {now} 分；上一期没有用掉的，不能比较。").format(now=_ratio(found.now))
    return _("这一期每用掉 1 分，发放 {now} 分；上一期是 {before} 分。").format(
        now=_ratio(found.now), before=_ratio(found.before)
    )


def _ratio(value: float) -> str:
    return f"{value:,.2f}"


def _coverage() -> Coverage | None:
    found = PointsDay.objects.aggregate(first=Min("day"), last=Max("day"))
    return Coverage(found["first"], found["last"]) if found["first"] else None


def _figures(choice: PeriodChoice, now: Liability, before: Liability) -> Sequence[Figure]:
    moved = _moved(now)

    def one(title: str, kinds: Sequence[str], definition: str) -> Figure:
        total, past = (sum(amounts_of(period, kind) for kind in kinds) for period in (now, before))
        change = (
            Change(total / past - 1, versus=choice.versus, good="neither") if choice.is_comparable and past else None
        )
        trend = [sum(moved[kind].get(day, 0) for kind in kinds) for day in _each_day(choice)]
        return Figure(title, total, unit=_("分"), change=change, trend=trend, definition=definition)

    return [
        one(_("发放"), ["earned"], _("这段时间进到成员账户里的积分，包括手动发放的，不减后来撤回的。")),
        one(_("使用"), ["spent"], _("这段时间成员花掉的积分，不减退回的。")),
        one(_("退回"), ["refunded"], _("花掉以后又回到成员账户的积分：退货、撤销处罚。")),
        one(_("过期"), ["expired"], _("有效期到了、没有用掉的积分。")),
        one(_("扣除与撤回"), ["deducted", "reversed"], _("员工扣除、清零，以及奖励的事后来撤销而收回的积分。")),
        Figure(
            _("未使用"), now.outstanding, unit=_("分"), period=_("现在"),
            definition=_("成员手里还能用的积分，包括已经预留还没核销的。"),
        ),
    ]  # fmt: skip


def amounts_of(period: Liability, kind: str) -> int:
    """Return how much moved in a period by the kind of event without its prefix."""
    return sum(each.amount for each in period.days if each.kind == f"points.{kind}")


def _moved(period: Liability) -> Mapping[str, Mapping[date, int]]:
    found: defaultdict[str, dict[date, int]] = defaultdict(dict)
    for each in period.days:
        found[each.kind.removeprefix("points.")][each.day] = each.amount
    return found


def _each_day(choice: PeriodChoice) -> list[date]:
    return [choice.period.first + timedelta(days=number) for number in range(len(choice.period))]


def _days(choice: PeriodChoice, now: Liability) -> Chart:
    moved, days = _moved(now), _each_day(choice)

    def series(key: str, title: str, *kinds: str) -> Series:
        return Series(key, title, [sum(moved[kind].get(day, 0) for kind in kinds) for day in days])

    return Chart(
        "points-days",
        _("发得多，还是用得多？"),
        "bar",
        [f"{day:%m-%d}" for day in days],
        [
            series("value", _("发放"), "earned"),
            series("active", _("使用"), "spent"),
            series("stayed", _("退回"), "refunded"),
            series("left", _("过期"), "expired"),
            series("net", _("扣除与撤回"), "deducted", "reversed"),
        ],
        definition=_("每一天进出成员账户的积分，按安装时区的一天计，几秒内更新。"),
        label_title=_("日期"),
        unit=_("分"),
    )


def _endings(now: Liability) -> Chart | None:
    """Return how many points end with each month; None where there are none."""
    if not now.endings:
        return None
    sums: defaultdict[str, int] = defaultdict(int)
    months = sorted({day.replace(day=1) for day, _amount in now.endings if day is not None})[:MONTHS]
    for day, amount in now.endings:
        if day is None:
            label = _("永久有效")
        elif day.replace(day=1) in months:
            label = f"{day:%Y-%m}"
        else:
            label = _("更晚")
        sums[label] += amount
    labels = [f"{month:%Y-%m}" for month in months] + [each for each in (_("更晚"), _("永久有效")) if each in sums]
    return Chart(
        "points-endings",
        _("手里的积分什么时候过期？"),
        "bar",
        labels,
        [Series("value", _("积分"), [sums[label] for label in labels])],
        definition=_("按批次的最后有效日算，哪个月会过期多少；用掉的已经减去。"),
        label_title=_("月份"),
        unit=_("分"),
    )


def _by_rule(choice: PeriodChoice) -> Chart | None:
    rows = given_by_rule(choice.period.first, choice.period.last)[:TOP]
    if not rows:
        return None
    titles = dict(EarningRule.objects.filter(pk__in=[row[0] for row in rows]).values_list("pk", "title"))
    return Chart(
        "points-rules",
        _("哪条规则发得最多？"),
        "ranking",
        [titles.get(rule, f"#{rule}") for rule, _times, _amount in rows],
        [Series("value", _("积分"), [amount for _rule, _times, amount in rows])],
        definition=_("这段时间各条规则发放的积分，不减后来撤回的；手动发放的不在内。"),
        label_title=_("规则"),
        unit=_("分"),
        links=[reverse("console:earning-rule", args=[rule]) if rule in titles else "" for rule, _t, _a in rows],
    )


def _most(access: Access) -> Sequence[tuple[int, str, str, int]]:
    """Return place, name, address and points of those who have most, as far as one may see who they are."""
    ranked = board("points", limit=TOP)
    people = access.members(MEMBERS_VIEW).in_bulk([each.member for each in ranked])
    return [
        (each.place, shown_name(people[each.member]), _account_url(people[each.member].public_id), each.amount)
        for each in ranked
        if each.member in people
    ]


def _account_url(public_id: str) -> str:
    return reverse("console:points-account", args=[public_id])
