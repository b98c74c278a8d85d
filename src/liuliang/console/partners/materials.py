"""素材: the words, pictures and products that partners send on, each partner's as text to copy and as a poster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import PARTNERS_MANAGE, PARTNERS_VIEW, SHOP_VIEW
from liuliang.commerce.models import Product
from liuliang.commerce.queries import products
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.leading import back
from liuliang.console.partners.tabs import partner_tabs
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.partners.materials import LONGEST, NewMaterial, filled, library, save_material
from liuliang.partners.models import Material, Partner
from liuliang.partners.posters import Poster, draw_poster
from liuliang.people.access import Access
from liuliang.people.pictures import LARGEST, made_anew
from liuliang.ui import formats
from liuliang.ui.listing import Cursor, Order
from liuliang.ui.listing.keyset import fetch

SHOWN = 48
"""Materials on a page: they fill rows of two, three and four."""

BY_CHANGE = Order("changed_at", is_descending=True)

OFFERED = 500
"""Products that a material can be about."""


@finds("material")
def find_material(access: Access, permission: str, value: str) -> Material | None:
    """Find a material; whoever may see one sees all."""
    if not access.may(permission) or not value.isdecimal() or len(value) > 18:
        return None
    return library().filter(pk=int(value)).first()


class MaterialForm(forms.Form):
    """A material."""

    title = forms.CharField(label=gettext_lazy("标题"), max_length=60)
    text = forms.CharField(
        label=gettext_lazy("内容"), max_length=LONGEST, widget=forms.Textarea({"rows": 6}),
        help_text=gettext_lazy("写 {code} 的地方会换成各人的专属码，写 {name} 的地方换成各人的名字。"),
    )  # fmt: skip
    product = forms.ModelChoiceField(
        label=gettext_lazy("关于哪件商品"), queryset=Product.objects.none(), to_field_name="public_id", required=False,
        empty_label=gettext_lazy("不关于商品"), help_text=gettext_lazy("海报上会写它的名字和最低标价。"),
    )  # fmt: skip
    picture = forms.FileField(
        label=gettext_lazy("图片"), required=False,
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp"}),
        help_text=gettext_lazy("放在海报最上面，没有就用商品的图。JPEG、PNG 或 WebP，不超过 2 MB。"),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("给合伙人用"), required=False, initial=True)

    def __init__(self, access: Access, known: Material | None, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        on_sale = products(access, SHOP_VIEW).filter(is_on_sale=True).order_by("name").values("pk")[:OFFERED]
        shown = Q(pk__in=list(on_sale.values_list("pk", flat=True)))
        if known is not None and known.product_id is not None:
            shown |= Q(pk=known.product_id)
        fields: dict[str, Any] = self.fields
        fields["product"].queryset = Product.objects.filter(shown).defer("picture").order_by("name")
        if known is not None and known.has_picture:  # type: ignore[attr-defined]
            fields["remove_picture"] = forms.BooleanField(label=gettext_lazy("去掉现在的图片"), required=False)

    def told(self) -> NewMaterial:
        """Return the material as it was filled in.

        Raises:
            Refused: ``picture.large``, ``picture.unreadable``.
        """
        data = self.cleaned_data
        return NewMaterial(data["title"], data["text"], self._picture(data), data["product"], data["is_active"])

    @staticmethod
    def _picture(data: Mapping[str, Any]) -> bytes | None:
        """Return the picture that was sent; empty to take it off, None to leave what is there."""
        if data["picture"]:
            return made_anew(data["picture"].read(LARGEST + 1)).data
        return b"" if data.get("remove_picture") else None


@page(permission=PARTNERS_VIEW)
def materials(request: StaffRequest) -> HttpResponse:
    """Show a page of the materials in use, or of those that are not any more: the latest first."""
    is_off = request.GET.get("state") == "off"
    rows = library().filter(is_active=not is_off)
    shown = fetch(rows, BY_CHANGE, _place(request), SHOWN)
    context = {
        "materials": shown.rows,
        "is_off": is_off,
        "has_off": is_off or library().filter(is_active=False).exists(),
        "before": shown.before.encode(BY_CHANGE) if shown.before else "",
        "after": shown.after.encode(BY_CHANGE) if shown.after else "",
        "may_manage": request.access.may(PARTNERS_MANAGE),
        "tabs": partner_tabs(),
    }
    return render(request, "console/partners/materials.html", context)


def _place(request: StaffRequest) -> Cursor | None:
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    return Cursor.decode(before or after, BY_CHANGE, is_backward=bool(before))


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def new_material(request: StaffRequest) -> HttpResponse:
    """Write a material."""
    return _edited(request, None, _("写素材"))


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def edit_material(request: StaffRequest, material: Material) -> HttpResponse:
    """Change a material."""
    return _edited(request, material, _("修改素材"))


def _edited(request: StaffRequest, known: Material | None, title: str) -> HttpResponse:
    initial: dict[str, object] | None = None
    if known is not None:
        product = known.product.public_id if known.product else None
        initial = {"title": known.title, "text": known.text, "is_active": known.is_active, "product": product}
    form = MaterialForm(request.access, known, request.POST or None, request.FILES or None, initial=initial)
    if done(form, lambda _told: save_material(form.told(), at=clock.now(), material=known)):
        return back(request, reverse("console:partner-materials"), _("素材已保存，每个人看到的是自己的码。"))
    return dialog(request, form, title, _("保存"))


@page(permission=PARTNERS_VIEW)
def picture(request: StaffRequest, material: Material) -> HttpResponse:
    """Show a material's picture."""
    del request
    if not material.picture:
        raise Http404
    return HttpResponse(
        bytes(material.picture), content_type="image/jpeg",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )  # fmt: skip


@page(permission=PARTNERS_VIEW)
def poster(request: StaffRequest, partner: Partner, material: Material) -> HttpResponse:
    """Give a material as a poster with the partner's code, to be kept and sent on."""
    del request
    sold, title = material.product, filled(material.title, partner)
    drawn = draw_poster(
        Poster(
            title=title,
            text=filled(material.text, partner),
            name=partner.name,
            code=partner.code,
            invitation=_("下单报专属码"),
            product=sold.name if sold else "",
            price=_price(sold) if sold else "",
            link=partner.link,
            hint=_("扫码查看"),
            picture=_shown(material),
        )
    )
    name = f"{title}-{partner.code}.png"
    response = HttpResponse(drawn, content_type="image/png", headers={"Cache-Control": "private, no-store"})
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return response


def _price(product: Product) -> str:
    """Return what a product costs, or what it costs at the least."""
    amounts = sorted(set(product.variants.filter(is_active=True).values_list("amount", flat=True)))
    if not amounts:
        return ""
    least = formats.money(amounts[0], product.currency)
    return _("{price} 起").format(price=least) if len(amounts) > 1 else least


def _shown(material: Material) -> bytes | None:
    """Return a material's picture as JPEG, else its product's; None where there is neither."""
    if material.picture:
        return bytes(material.picture)
    if material.product is None or not material.product.picture:
        return None
    try:
        return made_anew(base64.b64decode(material.product.picture.partition(",")[2])).data
    except (Refused, ValueError):
        # A product's picture is kept as it was sent: what browsers show need not be what can be drawn.
        return None
