from __future__ import annotations

from liuliang.commerce.models import Coupon, Redemption
from liuliang.loyalty.queries import balance_of


def give(system, ground, key="k"):
    path = f"members/{ground.member.public_id}/coupons"
    return system.call("POST", path, {"coupon": ground.template.public_id}, key=key)


def redeem(system, ground, key="k", **told):
    path = f"members/{ground.member.public_id}/redemptions"
    return system.call("POST", path, {"item": ground.item.public_id, **told}, key=key)


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
    assert (gone.status_code, gone.json()["code"]) == (409, "order.sold_out")
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
