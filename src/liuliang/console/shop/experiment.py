"""发券有没有用: a run of a coupon with its control group, what the coupon did, and for whom it does more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ORDERS_VIEW, SHOP_VIEW
from liuliang.analytics import experiments as story
from liuliang.analytics.experiments import Arm, Effect
from liuliang.analytics.forecasts.uplift import Part, Uplift, Withheld
from liuliang.analytics.noise import Comparison
from liuliang.commerce import queries
from liuliang.commerce.models import CouponRun, CouponTemplate
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members
from liuliang.console.doors import StaffRequest, page
from liuliang.console.figures import change_of
from liuliang.console.shop.coupons import head
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.figures import Change

PARTS: tuple[str | Promise, ...] = (
    gettext_lazy("估计最有用的三分之一"),
    gettext_lazy("中间的三分之一"),
    gettext_lazy("估计最没用的三分之一"),
)
GIVEN, HELD = "given", "held"
SIDES: dict[str, str | Promise] = {GIVEN: gettext_lazy("发了券"), HELD: gettext_lazy("没发（对照）")}


@dataclass(frozen=True, slots=True)
class Side:
    """One side as the table shows it, with the way to those who paid."""

    title: str | Promise
    arm: Arm
    url: str

    @property
    def each(self) -> int | None:
        """Return what was paid on average, in whole minor units."""
        return None if self.arm.each is None else round(self.arm.each)


@dataclass(frozen=True, slots=True)
class Row:
    """A third of the people, by what they are foretold to be moved."""

    title: str | Promise
    foretold: str
    given: str
    held: str
    change: Change | None
    interval: str
    people: int
    url: str


@page(permission=SHOP_VIEW)
def experiment(request: StaffRequest, template: CouponTemplate, run_id: int) -> HttpResponse:
    """Show what giving a coupon did."""
    run = get_object_or_404(CouponRun, pk=run_id, template=template)
    is_hidden = not _may(request.access)
    context = {**head(request, template, ""), "run": run, "definition": story.EXPERIMENT, "whom": story.WHOM}
    context["is_hidden"] = is_hidden
    if is_hidden or not run.held_size:
        return render(request, "console/shop/experiment.html", context)
    found = story.effect(run.pk, story.window_of(run, clock.now()))
    may_see = may_see_members(request.access)
    context |= {
        "effect": found,
        "sides": [
            Side(
                SIDES[side], arm, behind_url("coupon-run", "", run=run.pk, side=side) if may_see and arm.buyers else ""
            )
            for side, arm in ((GIVEN, found.given), (HELD, found.held))
        ],
        "verdict": verdict_words(found),
        "buyers": change_of(found.buyers, story.EXPERIMENT, in_points=True),
        "buyers_interval": _points(found.buyers),
        "money_words": money_words(found, template.currency) if found.is_over else "",
        "strayed": strayed_words(found),
        "last": run.created_at + story.WINDOW,
    }  # fmt: skip
    return render(request, "console/shop/experiment.html", context)


@page(permission=SHOP_VIEW)
def whom(request: StaffRequest, template: CouponTemplate, run_id: int) -> HttpResponse:
    """Show for whom a coupon does more: it is learnt, which takes seconds, so the page asks for it by itself."""
    run = get_object_or_404(CouponRun, pk=run_id, template=template)
    if not _may(request.access) or not run.held_size:
        return HttpResponse()
    ground = ground_of(request.access, QueryDict(), ORDERS_VIEW)
    until = story.window_of(run, clock.now())
    is_over = story.is_over(run, until)
    moved = story.uplift(run.pk, until, ground.scope, ground.timezone)
    parts = moved.parts if isinstance(moved, Uplift) else ()
    may_see = may_see_members(request.access)
    context = {
        "whom": story.WHOM,
        "rows": [_row(run, place, part, may_see=may_see) for place, part in enumerate(parts)],
        "whom_words": whom_words(moved, is_over=is_over),
        "is_over": is_over,
    }
    return render(request, "console/shop/experiment_whom.html", context)


def verdict_words(found: Effect) -> str:
    """Say whether the coupon did anything, as far as the lot can tell."""
    change = found.buyers
    if change is None:
        return _("两边都要有人才能比：合并、注销和机器人去掉以后，有一边没有人了。")
    by = {
        "given": formats.percent(change.now), "held": formats.percent(change.before),
        "points": f"{abs(change.difference) * 100:.1f}", "interval": _points(change),
    }  # fmt: skip
    needed = ""
    if min(found.given.people, found.held.people) < found.needed:
        needed = _("要看得出 5 个百分点的差别，每边大约要 {n} 人。").format(n=formats.exact(found.needed))
    if not found.is_over:
        words = _(
            "到期才下结论。到现在为止，发了的人里 {given} 付过款，没发的 {held}，差别的区间是 {interval} 个百分点。"
        )
        return words.format(**by) + needed
    if change.is_believed and change.difference > 0:
        return _("有用：发了的人里 {given} 付过款，没发的 {held}，多 {points} 个百分点（{interval}）。").format(**by)
    if change.is_believed:
        return _("反而更少：发了的人里 {given} 付过款，没发的 {held}，少 {points} 个百分点（{interval}）。").format(
            **by
        )
    words = _("看不出有用：发了的人里 {given} 付过款，没发的 {held}，差别（{interval}）可能只是碰巧。").format(**by)
    return words + needed


def money_words(found: Effect, currency: str) -> str:
    """Say what it brought in money."""
    change = found.money
    if change is None:
        return _("付款的人太少，说不出平均每人多付了多少。")

    def money(amount: float) -> str:
        return formats.money(round(amount), currency)

    ends = f"{money(change.low)} ~ {money(change.high)}"
    if not change.is_believed:
        return _("平均每人付了多少，两边的差别（{interval}）可能只是碰巧。").format(interval=ends)
    words = (
        _("平均每人多付 {each}（{interval}），") if change.difference > 0 else _("平均每人少付 {each}（{interval}），")
    )
    total = _("发了券的 {n} 人合计约 {total}；券减掉的钱已经扣在里面。")
    return words.format(each=money(abs(change.difference)), interval=ends) + total.format(
        n=formats.exact(found.given.people), total=money(abs(change.difference) * found.given.people)
    )


def strayed_words(found: Effect) -> list[str]:
    """Say how many did not get what the lot gave them: the difference of the sides is then less than what the coupon does."""
    told = []
    if found.held.had:
        told.append(
            _("对照里有 {n} 人还是拿到了这张券（别的发放、规则或券码），两边的差别因此比券真正带来的小。").format(
                n=formats.exact(found.held.had)
            )
        )
    if missing := found.given.people - found.given.had:
        told.append(
            _(
                "发了券的一边有 {n} 人没有拿到（还没发到、发完了或已经到期），他们也算在内，差别因此比券真正带来的小。"
            ).format(n=formats.exact(missing))
        )
    return told


def whom_words(found: Uplift | Withheld, *, is_over: bool) -> str:
    """Say whether it is known whom the coupon moves more, or what is missing for that."""
    if isinstance(found, Withheld):
        return _(
            "说不出对谁更有用：每边至少要 {people} 个人、付过款和没付款的各 {did} 个才学得出来；现在少的一边 {here} 人，"
            "付过款或没付款最少的 {fewest} 人。"
        ).format(people=found.needed_people, did=found.needed_did, here=found.people, fewest=found.did)  # fmt: skip
    contrast = found.contrast
    interval = _points(contrast)
    if not is_over:
        return _("到期才下结论。到现在为止，前后两份的差别的区间是 {interval} 个百分点。").format(interval=interval)
    if found.is_better:
        return _(
            "对人有分别：估计最有用的三分之一，比最没用的多推动 {points} 个百分点（{interval}）。下次先发给前一份。"
        ).format(points=f"{contrast.difference * 100:.1f}" if contrast else "", interval=interval)
    return _("没有比“对谁都一样有用”更准：前后两份的差别（{interval}）可能只是碰巧。要么都发，要么都不发。").format(
        interval=interval
    )


def _row(run: CouponRun, place: int, part: Part, *, may_see: bool) -> Row:
    people = part.of_treated + part.of_untreated
    return Row(
        PARTS[place],
        f"{part.foretold * 100:+.1f}",
        _share(part.treated, part.of_treated),
        _share(part.untreated, part.of_untreated),
        change_of(part.change, story.WHOM, in_points=True),
        _points(part.change),
        people,
        behind_url("coupon-run", "", run=run.pk, part=place) if may_see and people else "",
    )


def _share(count: int, of: int) -> str:
    if not of:
        return "–"
    return f"{formats.percent(count / of)} ({formats.exact(count)} / {formats.exact(of)})"


def _points(change: Comparison | None) -> str:
    return f"{change.low * 100:+.1f} ~ {change.high * 100:+.1f}" if change is not None else "–"


def _may(access: Access) -> bool:
    """Tell whether somebody may see what coupons brought: the orders of everybody."""
    return access.may(SHOP_VIEW) and access.may_everywhere(ORDERS_VIEW)


def _run_of(parameters: QueryDict) -> CouponRun:
    number = parameters.get("run", "")
    found = (
        CouponRun.objects.select_related("template").filter(pk=int(number)).first()
        if number.isdecimal() and len(number) < 10
        else None
    )
    if found is None or not found.held_size:
        raise ValueError(number)
    return found


def _part_of(parameters: QueryDict) -> int | None:
    part = parameters.get("part", "")
    return int(part) if part in {"0", "1", "2"} else None


def _words(_access: Access, parameters: QueryDict) -> str:
    # Runs are numbered, so anybody can ask about one: what its coupon and its segment are called is not for everybody.
    _run_of(parameters)
    part = _part_of(parameters)
    if part is not None:
        return _("发券的对照：{part}").format(part=PARTS[part])
    return _("发券的对照：{side}，付过款的人").format(side=SIDES.get(parameters.get("side", ""), SIDES[GIVEN]))


def _needed(parameters: QueryDict) -> tuple[str, ...]:
    del parameters
    return (SHOP_VIEW, ORDERS_VIEW)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    run, part = _run_of(parameters), _part_of(parameters)
    access = ground.access
    if not _may(access) or not queries.templates(access, SHOP_VIEW).filter(pk=run.template_id).exists():
        return ()
    until: datetime = story.window_of(run, clock.now())
    if part is not None:
        everywhere = ground_of(access, QueryDict(), ORDERS_VIEW)
        return story.members_in_part(run.pk, until, everywhere.scope, everywhere.timezone, part)
    return story.members_of_side(run.pk, until, is_given=parameters.get("side") != HELD)


declare("coupon-run", Crowd(_words, _needed, _members))
