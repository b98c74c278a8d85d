"""Paid memberships on sale: each is a product with one form, which an order holds alone and grants when it is paid."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from liuliang.commerce.models import Variant
from liuliang.commerce.products import add_variant, change_product, change_variant, create_product
from liuliang.subscriptions.models import Plan
from liuliang.subscriptions.plans import PlanTerms, change_plan, create_plan


@transaction.atomic
def sell_plan(told: PlanTerms, *, amount: int, community: int | None, at: datetime, currency: str = "CNY") -> Plan:
    """Make a plan and put it on sale for ``amount`` minor units.

    Raises:
        Refused: as `liuliang.subscriptions.plans.create_plan` and `liuliang.commerce.products.add_variant`.
    """
    plan = create_plan(told, community=community, at=at)
    product = create_product(
        plan.name,
        at=at,
        community=community,
        currency=currency,
        description=plan.description,
        is_on_sale=plan.is_active,
    )
    variant = add_variant(product.pk, code=f"PLAN-{plan.pk}", amount=amount, at=at)
    Variant.objects.filter(pk=variant.pk).update(plan=plan)
    return plan


@transaction.atomic
def change_plan_on_sale(plan: int, told: PlanTerms, *, amount: int, at: datetime) -> Plan:
    """Change a plan and what it costs. Orders that were placed keep their price, and who has it their days.

    Raises:
        Refused: as `sell_plan`.
    """
    row = change_plan(plan, told)
    variant = Variant.objects.select_related("product").get(plan=row)
    product = variant.product
    change_product(product.pk, at=at, name=row.name, description=row.description, is_on_sale=row.is_active)
    change_variant(
        variant.pk,
        code=variant.code,
        name=variant.name,
        amount=amount,
        per_person=variant.per_person,
        is_active=True,
        at=at,
    )
    return row
