"""What the law forbids cannot be made, and the refusal says which rule it is."""

from __future__ import annotations

import pytest

from liuliang.kernel.errors import Refused
from liuliang.partners.models import Partner, Plan
from liuliang.partners.plans import NewPlan, check_plan, create_plan, stop_plan
from liuliang.partners.services import NewPartner, create_partner

FINE = NewPlan("普通", (1_000,))


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("partner.per_head", {"per_head": 1}),
        ("partner.entry_fee", {"entry_fee": 100}),
        ("partner.levels", {"rates": (1_000, 500, 100), "is_confirmed": True}),
        ("partner.levels", {"rates": (1_000, 0, 0, 0)}),
        ("partner.second_level", {"rates": (1_000, 500)}),
        ("partner.rates", {"rates": (500, 1_000), "is_confirmed": True}),
        ("partner.rates", {"rates": ()}),
        ("partner.rates", {"rates": (4_000, 4_000), "is_confirmed": True}),
        ("partner.days", {"window_days": -1}),
        ("partner.days", {"binding_days": 0}),
    ],
)
def test_a_plan_that_must_not_be_is_refused(code, changed):
    told = {"name": "普通", "rates": (1_000,)} | changed
    with pytest.raises(Refused) as refused:
        check_plan(NewPlan(**told))
    assert refused.value.code == code


@pytest.mark.django_db
def test_a_refused_plan_leaves_nothing_behind(at):
    with pytest.raises(Refused, match=r"partner\.entry_fee"):
        create_plan(NewPlan("加盟", (1_000,), entry_fee=9_800), at=at)
    assert not Plan.objects.exists()


@pytest.mark.django_db
def test_a_name_is_taken_once_and_a_stopped_plan_takes_nobody_in(at):
    plan = create_plan(FINE, at=at)
    with pytest.raises(Refused, match=r"partner\.plan_taken"):
        create_plan(FINE, at=at)
    stop_plan(plan)
    plan.refresh_from_db()
    with pytest.raises(Refused, match=r"partner\.plan_stopped"):
        create_partner(NewPartner("阿店", "assistant", plan), at=at)


def test_who_was_brought_in_brings_nobody_in(ledger, make_partner):
    first = make_partner()
    second = make_partner(parent=first)
    with pytest.raises(Refused, match=r"partner\.depth"):
        make_partner(parent=second)


def test_codes_are_unique_and_those_made_here_cannot_be_guessed(ledger, make_partner):
    codes = {make_partner().code for _number in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 8 and not set(code) & set("01IO") for code in codes)
    assert make_partner(code="xiao-li 8").code == "XIAOLI8"
    with pytest.raises(Refused, match=r"partner\.code_taken"):
        make_partner(code="XIAOLI8")
    with pytest.raises(Refused) as refused:
        make_partner(code="abc")
    assert refused.value.code == "partner.code"
    assert Partner.objects.count() == 21
