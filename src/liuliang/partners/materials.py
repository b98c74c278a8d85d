"""Materials: words, a picture and a product that every partner sends on under their own name and code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.fields import BooleanField
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.models import Product
from liuliang.kernel.errors import Refused
from liuliang.partners.models import Material, Partner
from liuliang.people.names import clean_name

SAVED = audit.action("partner.material_saved", _("保存合伙人素材"))

LONGEST = 2_000
"""Characters of the words."""


@dataclass(frozen=True, slots=True)
class NewMaterial:
    """A material as staff write it. ``picture`` is JPEG made anew, empty to have none, None to leave what is there."""

    title: str
    text: str
    picture: bytes | None = None
    product: Product | None = None
    is_active: bool = True


@transaction.atomic
def save_material(told: NewMaterial, *, at: datetime, material: Material | None = None) -> Material:
    """Make a material, or change one.

    Raises:
        Refused: ``partner.material`` without a title or without words.
    """
    rows = Material.objects.select_for_update(of=("self",)).select_related("product")
    row = rows.get(pk=material.pk) if material else Material()
    before = _noted(row) if material else dict.fromkeys(_noted(row))
    said = row.text
    row.title, row.text, row.changed_at = clean_name(told.title)[:60], told.text.strip()[:LONGEST], at
    row.product, row.is_active = told.product, told.is_active
    if told.picture is not None:
        row.picture = told.picture or None
    if not row.title or not row.text:
        raise Refused("partner.material")
    row.save()
    changes = {key: (before[key], value) for key, value in _noted(row).items()}
    # Of long words the log keeps that they changed.
    audit.record(SAVED, row, name=row.title, changes=changes, personal={"text"} if said != row.text else ())
    return row


def _noted(row: Material) -> dict[str, object]:
    product = row.product.name if row.product else ""
    return {"title": row.title, "product": product, "picture": bool(row.picture), "is_active": row.is_active}


def library() -> QuerySet[Material]:
    """Return the materials with their products and whether there is a picture (``has_picture``), without the pictures."""
    is_there = ExpressionWrapper(Q(picture__isnull=False), output_field=BooleanField())
    return Material.objects.defer("picture").select_related("product").annotate(has_picture=is_there)


def filled(text: str, partner: Partner) -> str:
    """Return words of a material with the partner's own code and name in them."""
    return text.replace("{code}", partner.code).replace("{name}", partner.name)
