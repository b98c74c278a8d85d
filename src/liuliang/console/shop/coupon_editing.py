"""What staff change about coupons, and how they give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import COUPONS_GIVE, MEMBERS_VIEW, SHOP_EDIT
from liuliang.commerce import codes, giving, jobs
from liuliang.commerce import coupons as services
from liuliang.commerce.discounts import PERCENT
from liuliang.commerce.models import CodeBatch, Coupon, CouponCode, CouponRule, CouponTemplate
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.dialogs import INVALID, dialog, done
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.leading import back
from liuliang.console.once import once_for
from liuliang.console.segments.listing import find_segment
from liuliang.console.shop.coupon_forms import (
    ChangeTemplateForm,
    ClaimForm,
    CodesForm,
    GiveForm,
    RuleForm,
    SegmentForm,
    TemplateForm,
)
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.stock import remaining
from liuliang.people.models import Community, Member
from liuliang.segments.queries import members_of
from liuliang.ui import formats
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import csv_lines


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make a coupon."""
    form = TemplateForm(request.POST or None, access=request.access, initial={"starts_at": clock.now()})
    made: list[CouponTemplate] = []

    def create(told: Mapping[str, Any]) -> None:
        place = _place(request, told["community"])
        template = services.NewTemplate(
            name=told["name"], kind=told["kind"], off=told["percent"] if told["kind"] == PERCENT else told["amount"],
            starts_at=told["starts_at"], ends_at=told["ends_at"], total=told["total"], most=told["most"],
            threshold=told["threshold"] or 0, currency=told["currency"],
            products=tuple(int(one) for one in told["products"]), days=told["days"], per_person=told["per_person"],
            is_stacking=told["is_stacking"], community=place.pk if place else None,
        )  # fmt: skip
        made.append(services.create_template(template, at=clock.now()))

    if done(form, create):
        return back(request, _page(made[0]), _("优惠券已建好，可以发了。"))
    return render(request, "console/shop/new_coupon.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Change what may still be changed."""
    fields = ("name", "ends_at", "total", "per_person", "is_active")
    form = ChangeTemplateForm(request.POST or None, initial={field: getattr(template, field) for field in fields})
    if done(form, lambda told: services.change_template(template.pk, at=clock.now(), **told)):
        return back(request, _page(template), _("已保存。已经领到的券不变。"))
    text = _("优惠多少、门槛和适用商品不能再改：已经有人按它领了券。要换就停发这张、新建一张。")
    return dialog(request, form, _("修改优惠券"), _("保存"), text=text)


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def give(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Give one member a coupon."""
    form = GiveForm(request.POST or None)

    def effect(told: Mapping[str, Any]) -> None:
        services.give_by_hand(template, _member(request).pk, key=told["key"], at=clock.now())

    if "key" in request.POST and done(form, effect):
        return back(request, _page(template), _("已发放。"))
    return _with_search(request, form, _("发给一个人"), _("发放"))


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def claim(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Turn a code that a member has told into their coupon."""
    form = ClaimForm(request.POST or None)

    def effect(told: Mapping[str, Any]) -> None:
        codes.claim_code(told["code"], _member(request).pk, asker=f"staff:{request.user.pk}", at=clock.now())

    if done(form, effect):
        return back(request, _page(template), _("券码有效，已经记在这位成员名下。"))
    return _with_search(request, form, _("替成员兑换券码"), _("兑换"))


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def give_to_segment(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Give everybody of a segment a coupon, in the background."""
    form = SegmentForm(request.POST or None, access=request.access)

    def effect(told: Mapping[str, Any]) -> None:
        segment = find_segment(request.access, MEMBERS_VIEW, told["segment"])
        if segment is None:
            raise Refused("segment.segment_gone")
        members = members_of(segment)

        def begin() -> int:
            run = giving.begin_run(template, members, title=segment.name, at=clock.now(), hold=told["hold"] or 0)
            jobs.give_to_many.defer(run=run.pk)
            return int(run.pk)

        once_for(request, told["key"], begin)

    if done(form, effect):
        return back(request, _page(template), _("开始发放，可以离开这个页面；发了多少会记在这里。"))
    text = _(
        "按人群现在的名单发，每人一张；已经领到上限的人跳过，发完为止。留了对照组，就随机抽出那些人，这一次不发给他们。"
    )
    return dialog(request, form, _("发给一个人群"), _("开始发放"), text=text)


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def make_codes(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Make codes."""
    form = CodesForm(request.POST or None)

    def effect(told: Mapping[str, Any]) -> None:
        def make() -> int:
            return int(codes.make_codes(template, told["count"], title=told["title"], at=clock.now()).pk)

        once_for(request, told["key"], make)

    if done(form, effect):
        return back(
            request, _page(template), " ".join(filter(None, (_("券码已生成，可以导出。"), _too_many(template))))
        )
    left, open_codes = remaining(services.stock_of(template)).free, codes.unclaimed(template)
    text = _(
        "一个码换一张券，先到先得，仍受总量和每人限领约束。现在还剩 {left} 张券，没领的券码有 {codes} 个。"
    ).format(left=formats.exact(left), codes=formats.exact(open_codes))
    return dialog(request, form, _("生成券码"), _("生成"), text=text)


def _too_many(template: CouponTemplate) -> str:
    """Warn where more codes are about than coupons are left: whoever comes last with a good code gets nothing."""
    left, open_codes = remaining(services.stock_of(template)).free, codes.unclaimed(template)
    if open_codes <= left:
        return ""
    return _("注意：没领的券码有 {codes} 个，券只剩 {left} 张，后来的码会领不到。要都能领，请增加总量。").format(
        codes=formats.exact(open_codes), left=formats.exact(left)
    )


_CODE_COLUMNS = (
    Column("code", gettext_lazy("券码"), value=lambda row: codes.shown_code(row.code)),
    Column("used", gettext_lazy("已领取"), value=lambda row: row.coupon_id is not None),
)


@page(permission=COUPONS_GIVE, methods=("POST",))
def export_codes(request: StaffRequest, template: CouponTemplate, batch_id: int) -> HttpResponseBase:
    """Give a batch's codes as a file, and put that on record."""
    batch = get_object_or_404(CodeBatch.objects.select_related("template"), pk=batch_id, template=template)
    codes.note_export(batch)
    rows = CouponCode.objects.filter(batch=batch).order_by("id").iterator(chunk_size=2_000)
    response = StreamingHttpResponse(csv_lines(_CODE_COLUMNS, rows), content_type="text/csv; charset=utf-8")
    name = f"{batch.title}-{batch.pk}.csv"
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def new_rule(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Give the coupon to whoever does something."""
    form = RuleForm(request.POST or None, access=request.access)

    def effect(told: Mapping[str, Any]) -> None:
        place = _place(request, told["community"])
        where = place.pk if place else None

        def add() -> int:
            return int(giving.add_rule(template, told["behaviour"], community=where, at=clock.now()).pk)

        once_for(request, told["key"], add)

    if done(form, effect):
        return back(request, _page(template), _("规则已生效，从现在起发生的才算。"))
    text = _("从现在起，谁做了就自动发一张；每人不超过限领，导入以前的记录不会发。")
    return dialog(request, form, _("按行为自动发"), _("开始"), text=text)


@page(permission=COUPONS_GIVE, methods=("POST",))
def stop_rule(request: StaffRequest, template: CouponTemplate, rule_id: int) -> HttpResponse:
    """Let a rule give nothing any more."""
    rule = get_object_or_404(CouponRule, pk=rule_id, template=template)
    giving.stop_rule(rule.pk)
    return back(request, _page(template), _("规则已停用，发出去的券不变。"))


@page(permission=COUPONS_GIVE, methods=("POST",))
def withdraw(request: StaffRequest, template: CouponTemplate, coupon_id: int) -> HttpResponse:
    """Take a coupon back from a member."""
    found = get_object_or_404(Coupon, pk=coupon_id, template=template)
    services.withdraw_coupon(found.pk, at=clock.now())
    return back(request, reverse("console:coupon-holders", args=[template.public_id]), _("已收回。"))


def _with_search(request: StaffRequest, form: Any, title: str, button: str) -> HttpResponse:
    """Show a dialog with a search for a member, or, while that is typed, whom it finds."""
    text = request.GET.get("q", request.POST.get("q", ""))
    context = {"people": people_named(request, text), "q": text}
    if request.headers.get("HX-Target", "").endswith("people-found"):
        return render(request, "console/people_found.html", context)
    return dialog(request, form, title, button, **context)


def _member(request: StaffRequest) -> Member:
    found = chosen_member(request, request.POST.get("member", ""))
    if found is None:
        raise Refused("order.buyer")
    return found


def _place(request: StaffRequest, public_id: str) -> Community | None:
    found: Community | None = find_community(request.access, SHOP_EDIT, public_id) if public_id else None
    return found


def _page(template: CouponTemplate) -> str:
    return reverse("console:coupon", args=[template.public_id])
