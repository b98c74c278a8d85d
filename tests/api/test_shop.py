from __future__ import annotations

import time_machine
from systems import AT, code_of

from liuliang.accounts.models import AuditEntry
from liuliang.commerce.codes import TRIES, TRIES_OF_SYSTEMS, WINDOW, shown_code
from liuliang.commerce.models import CodeAttempt, Coupon, CouponCode, Redemption
from liuliang.loyalty.models import IdempotencyKey
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Member, Membership


def give(system, ground, key="k"):
    path = f"members/{ground.member.public_id}/coupons"
    return system.call("POST", path, {"coupon": ground.template.public_id}, key=key)


def redeem(system, ground, key="k", **told):
    path = f"members/{ground.member.public_id}/redemptions"
    return system.call("POST", path, {"item": ground.item.public_id, **told}, key=key)


def claim(system, member, code, key="k"):
    return system.call("POST", f"members/{member.public_id}/coupon-codes", {"code": code}, key=key)


def another(ground, name="阿美") -> Member:
    made = Member.objects.create(name=name, created_at=AT)
    Membership.objects.create(member=made, community=ground.group, first_seen_at=AT)
    return made


def test_a_coupon_is_given_once_for_a_key_and_no_more_than_there_are(ground, sound):
    system = ground.system()
    assert give(system, ground).json() == give(system, ground).json()
    assert [give(system, ground, key=str(number)).status_code for number in range(5)] == [200, 200, 200, 200, 409]
    assert Coupon.objects.count() == 5
    sound()


def test_coupons_of_all_are_given_only_by_a_key_for_all(ground):
    ground.template.community = None
    ground.template.save()
    assert give(ground.system(where=ground.brand), ground).json()["code"] == "coupon.unknown"
    assert give(ground.system(), ground).status_code == 200


def test_points_stock_and_thing_move_together_or_not_at_all(ground, sound):
    system = ground.system()
    assert redeem(system, ground, quantity=2).json()["available"] == 300
    assert redeem(system, ground, quantity=2).json()["available"] == 300
    gone = redeem(system, ground, key="l", quantity=2)
    assert (gone.status_code, gone.json()["code"]) == (409, "mall.sold_out")
    assert (balance_of(ground.member.pk).available, Redemption.objects.count()) == (300, 1)
    assert redeem(system, ground, key="m", item="nothing").status_code == 404
    assert redeem(system, ground, key="n", quantity=0).status_code == 422
    sound()


def test_twenty_at_once_with_keys_of_their_own_never_redeem_more_than_there_is(shared_ground, at_once, sound):
    system = shared_ground.system()
    results = at_once([lambda n=number: redeem(system, shared_ground, key=str(n)) for number in range(20)], 20)
    assert sorted(each.status_code for each in results) == [200] * 3 + [409] * 17
    assert balance_of(shared_ground.member.pk).available == 200
    sound()


def test_lists_are_walked_to_their_end(ground):
    system = ground.system()
    told = system.call("GET", "coupons").json()
    assert [one["coupon"] for one in told["coupons"]] == [ground.template.public_id]
    assert told["next"] is None
    assert system.call("GET", "coupons?after=999999").json()["coupons"] == []
    assert [one["item"] for one in system.call("GET", "mall-items").json()["items"]] == [ground.item.public_id]


def test_a_code_becomes_one_coupon_however_it_is_typed_and_however_often_it_is_sent(ground, sound):
    system, code = ground.system(), code_of(ground)
    first = claim(system, ground.member, f" {shown_code(code).lower()} ")
    assert (first.status_code, first.json()["coupon"]) == (200, ground.template.public_id)
    replayed = claim(system, ground.member, f" {shown_code(code).lower()} ")
    assert (replayed.content, replayed["Idempotency-Replayed"]) == (first.content, "true")
    assert claim(system, ground.member, code, key="l").json() == first.json()
    assert Coupon.objects.get().how == "code"
    assert AuditEntry.objects.filter(action="coupon.code_claimed", via="商城").count() == 1
    assert not CodeAttempt.objects.exists()
    sound()


def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(ground):
    system, code, other = ground.system(), code_of(ground), another(ground)
    assert claim(system, other, code, key="other").status_code == 200

    def refused(what: str, by=system) -> tuple[int, bytes]:
        CodeAttempt.objects.all().delete()
        response = claim(by, ground.member, what, key=f"{what}{by.key.pk}")
        assert response.json()["code"] == "code.unusable"
        return response.status_code, response.content

    told = {refused(code), refused("AAAABBBBCCCC"), refused(""), refused("'; DROP"), refused("码" * 100)}
    CouponCode.objects.update(coupon=None)
    ground.template.ends_at = AT
    ground.template.save()
    told.add(refused(code))
    ground.template.ends_at, ground.template.is_active = AT + WINDOW, False
    ground.template.save()
    told.add(refused(code))
    ground.template.is_active, ground.template.community = True, None
    ground.template.save()
    coupons = Coupon.objects.count()
    told.add(refused(code, by=ground.system(where=ground.brand)))
    assert len(told) == 1
    assert Coupon.objects.count() == coupons
    assert CodeAttempt.objects.count() == 2


def test_wrong_codes_count_though_nothing_else_of_them_stays(ground):
    system, code = ground.system(), code_of(ground)
    for number in range(TRIES):
        assert claim(system, ground.member, "AAAABBBBCCCC", key=str(number)).status_code == 409
    assert not IdempotencyKey.objects.exists()
    waits = claim(system, ground.member, code, key="right")
    assert (waits.status_code, waits.json()["code"], waits["Retry-After"]) == (429, "code.wait", "600")
    assert claim(ground.system(), ground.member, code, key="right").status_code == 429
    assert CodeAttempt.objects.count() == 2 * TRIES
    assert claim(system, another(ground), "AAAABBBBCCCC", key="another").status_code == 409
    with time_machine.travel(AT + WINDOW, tick=False):
        assert claim(system, ground.member, code, key="right").status_code == 200


def test_a_system_that_guesses_for_many_members_must_wait_as_well(ground):
    system, code = ground.system(), code_of(ground)
    asker = f"key:{system.key.pk}"
    CodeAttempt.objects.bulk_create([CodeAttempt(asker=asker, at=AT) for _number in range(TRIES_OF_SYSTEMS - 1)])
    assert claim(system, another(ground), "AAAABBBBCCCC").status_code == 409
    assert claim(system, ground.member, code).status_code == 429
    assert claim(ground.system(), ground.member, code).status_code == 200


def test_of_many_members_with_one_code_at_once_one_has_the_coupon(shared_ground, at_once, sound):
    system, code = shared_ground.system(), code_of(shared_ground)
    members = [another(shared_ground, str(number)) for number in range(20)]
    results = at_once([lambda who=who: claim(system, who, code) for who in members], 20)
    assert sorted(each.status_code for each in results) == [200] + [409] * 19
    assert {each.json()["code"] for each in results if each.status_code == 409} == {"code.unusable"}
    assert CouponCode.objects.get().coupon == Coupon.objects.get()
    assert CodeAttempt.objects.count() == 2 * 19
    sound()


def test_one_member_s_claims_of_one_code_at_once_are_one_coupon(shared_ground, at_once, sound):
    system, code, who = shared_ground.system(), code_of(shared_ground), shared_ground.member
    results = at_once([lambda key=str(number): claim(system, who, code, key=key) for number in range(10)], 10)
    assert {(each.status_code, each.json()["number"]) for each in results} == {(200, Coupon.objects.get().pk)}
    sound()
