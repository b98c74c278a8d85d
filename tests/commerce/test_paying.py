"""Orders paid through WeChat Pay, against a stand-in that checks our signatures and signs with its own keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client

from liuliang.accounts.models import AuditEntry
from liuliang.commerce import payment_accounts
from liuliang.commerce.models import Order, OrderRefund, Payment, PaymentAccount, PaymentRefund
from liuliang.commerce.paying import Payer, ask, begin_payment
from liuliang.commerce.payments import wechat
from liuliang.commerce.quoting import Sale
from liuliang.commerce.reconciling import reconcile
from liuliang.commerce.refunding import RefundWanted, ask_refund, ask_return, refund_order, send_back
from liuliang.commerce.selling import close_order, pay_order, place_order, time_out_orders
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.stock import remaining
from wechat_pay import MERCHANT_KEY, PLATFORM_KEY, WeChatPay, config, pem, serving

HOUR = timedelta(hours=1)
URL = "/api/payments/wechatpay/"


@pytest.fixture
def wechat_pay(settings) -> Iterator[WeChatPay]:
    wechat._clients.cache_clear()
    with serving(WeChatPay()) as shop:
        settings.WECHATPAY_URL = shop.address
        settings.PUBLIC_URL = "https://liuliang.example"
        yield shop
    wechat._clients.cache_clear()


@pytest.fixture
def account(db) -> PaymentAccount:
    return open_account()


def open_account(**other: str) -> PaymentAccount:
    payment_accounts.save_account("wechatpay", config(**other), at=clock.now())
    return payment_accounts.switch_account("wechatpay", is_active=True, at=clock.now())


@pytest.fixture
def make_order(make_variant, make_member) -> Callable[..., Order]:
    def make(amount: int = 9_900, **told) -> Order:
        now = clock.now()
        sale = Sale(make_member(), ((make_variant(amount, quantity=5).pk, 1),))
        return place_order(sale, key=f"k{Order.objects.count()}", at=now, until=told.get("until", now + HOUR))

    return make


def begin(order: Order, way: str = "native", **told) -> Payment:
    return begin_payment(order.pk, adapter="wechatpay", way=way, at=clock.now(), **told)


def tell(notice: tuple[dict[str, str], bytes], **other: str):
    headers, body = notice
    return Client().post(URL, data=body, content_type="application/json", headers={**headers, **other})


def stands(order: Order) -> tuple[str, int, int]:
    order.refresh_from_db()
    return order.status, order.refunded, order.refunding


def paid(make_order, shop: WeChatPay, amount: int = 9_900) -> tuple[Order, Payment]:
    order = make_order(amount)
    payment = begin(order)
    shop.pay(payment.number)
    assert tell(shop.payment_notice(payment.number)).status_code == 200
    order.refresh_from_db()
    payment.refresh_from_db()
    return order, payment


@pytest.mark.usefixtures("account", "ledger")
def test_a_code_is_scanned_paid_and_told(make_order, wechat_pay):
    order = make_order()
    payment = begin(order)
    assert (payment.state, payment.handle["url"]) == ("open", f"weixin://wxpay/bizpayurl?pr=native{payment.number}")
    told = wechat_pay.orders[payment.number].told
    assert told["amount"] == {"total": 9_900, "currency": "CNY"}
    assert told["notify_url"] == "https://liuliang.example/api/payments/wechatpay/"
    wechat_pay.pay(payment.number)
    answer = tell(wechat_pay.payment_notice(payment.number))
    assert (answer.status_code, answer.json()["code"]) == (200, "SUCCESS")
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, order.paid_how, order.reference) == ("paid", "wechatpay", payment.reference)
    assert (payment.state, payment.received, payment.ask_at) == ("paid", 9_900, None)
    assert LoggedEvent.objects.filter(kind="order.paid").count() == 1


@pytest.mark.usefixtures("account", "ledger")
def test_pages_get_what_they_call_the_payment_with(make_order, wechat_pay):
    handle = begin(make_order(), "jsapi", payer=Payer("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")).handle
    assert handle["package"].startswith("prepay_id=wxjsapi")
    assert set(handle) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    page = begin(make_order(), "h5", payer=Payer(address="203.0.113.7")).handle
    assert page["url"].startswith("https://wx.tenpay.com/")


@pytest.mark.usefixtures("account", "ledger")
def test_platform_certificates_are_fetched_where_there_is_no_public_key(make_order, wechat_pay):
    wechat_pay.is_public_mode = False
    payment_accounts.save_account("wechatpay", {**config(is_public_mode=False)}, at=clock.now())
    order, payment = paid(make_order, wechat_pay)
    assert (order.status, payment.state) == ("paid", "paid")
    assert wechat_pay.requests.count("GET /v3/certificates") == 1
    # Whoever sends unknown serials does not make us ask again and again.
    headers, body = wechat_pay.payment_notice(payment.number)
    for serial in ("ABCD", "not hex", ""):
        assert tell((headers, body), **{"Wechatpay-Serial": serial}).status_code == 401
    assert wechat_pay.requests.count("GET /v3/certificates") == 1


@pytest.mark.usefixtures("account", "ledger")
def test_the_same_notice_pays_once(make_order, wechat_pay):
    order, payment = paid(make_order, wechat_pay)
    notice = wechat_pay.payment_notice(payment.number)
    assert [tell(notice).status_code for _again in range(3)] == [200, 200, 200]
    assert LoggedEvent.objects.filter(kind="order.paid").count() == 1
    assert AuditEntry.objects.filter(action="order.paid", target_id=str(order.pk)).count() == 1


@pytest.mark.usefixtures("shared_ledger")
def test_many_notices_at_once_pay_once(make_order, wechat_pay, at_once):
    open_account()
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    notices = [wechat_pay.payment_notice(payment.number) for _one in range(12)]
    answers = at_once([lambda each=each: tell(each).status_code for each in notices], 12)
    assert answers == [200] * 12
    assert LoggedEvent.objects.filter(kind="order.paid").count() == 1
    left = remaining(order.lines.get().variant.stock_id)
    assert (left.free, left.reserved, left.gone) == (4, 0, 1)


@pytest.mark.usefixtures("account", "ledger")
@pytest.mark.parametrize(
    "change",
    [
        {"Wechatpay-Signature": "AAAA"},
        {"Wechatpay-Signature": ""},
        {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/AAAA"},
        {"Wechatpay-Nonce": "another"},
        {"Wechatpay-Serial": "PUB_KEY_ID_OF_SOMEBODY_ELSE"},
        {"Wechatpay-Timestamp": "0"},
        {"Wechatpay-Timestamp": "soon"},
    ],
)
def test_what_is_not_signed_rightly_changes_nothing(make_order, wechat_pay, change):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    answer = tell(wechat_pay.payment_notice(payment.number), **change)
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert stands(order) == ("unpaid", 0, 0)


@pytest.mark.usefixtures("account", "ledger")
def test_a_body_that_was_changed_or_is_another_merchants_changes_nothing(make_order, wechat_pay):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    headers, body = wechat_pay.payment_notice(payment.number)
    assert tell((headers, body.replace(b"TRANSACTION", b"TRANSACTIOM"))).status_code == 401
    assert tell(wechat_pay.payment_notice(payment.number, mchid="1900000000")).status_code == 401
    assert tell(wechat_pay.payment_notice(payment.number, appid="wx0000")).status_code == 401
    resource = wechat_pay.transaction(payment.number)
    assert tell(wechat_pay.notice("TRANSACTION.SUCCESS", "transaction", resource, key="f" * 32)).status_code == 401
    wechat_pay.signs_with = MERCHANT_KEY
    assert tell(wechat_pay.payment_notice(payment.number)).status_code == 401
    assert stands(order) == ("unpaid", 0, 0)


@pytest.mark.usefixtures("account", "ledger")
def test_an_old_notice_is_not_played_again(make_order, wechat_pay):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    _headers, body = wechat_pay.payment_notice(payment.number)
    for minutes in (-6, 6):
        signed = wechat_pay.signed(body, at=clock.now().timestamp() + minutes * 60)
        assert tell((signed, body)).status_code == 401
    assert stands(order) == ("unpaid", 0, 0)


@pytest.mark.usefixtures("account", "ledger")
def test_unknown_numbers_adapters_and_news_of_other_things(make_order, wechat_pay):
    _order, payment = paid(make_order, wechat_pay)
    assert tell(wechat_pay.payment_notice(payment.number, out_trade_no="somebodyelses")).status_code == 404
    assert Client().post("/api/payments/nobody/", data=b"{}", content_type="application/json").status_code == 404
    assert Client().get(URL).status_code == 405
    assert tell(wechat_pay.notice("COUPON.USE", "coupon", {"mchid": "1900007291"})).status_code == 200
    huge = Client().post(URL, data=b"x" * 70_000, content_type="application/json")
    assert huge.status_code == 413


@pytest.mark.usefixtures("account", "ledger")
@pytest.mark.parametrize(
    ("amount", "problem"),
    [({"total": 1, "currency": "CNY"}, "amount"), ({"total": 9_900, "currency": "USD"}, "amount")],
)
def test_another_amount_is_for_people_to_look_at(make_order, wechat_pay, amount, problem):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    assert tell(wechat_pay.payment_notice(payment.number, amount=amount)).status_code == 200
    payment.refresh_from_db()
    assert (payment.state, payment.problem, stands(order)[0]) == ("stray", problem, "unpaid")


@pytest.mark.usefixtures("account", "ledger")
def test_money_for_a_closed_order_is_kept_apart_and_given_back(make_order, wechat_pay):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    close_order(order.pk, at=clock.now())
    assert tell(wechat_pay.payment_notice(payment.number)).status_code == 200
    payment.refresh_from_db()
    assert (payment.state, payment.problem, payment.received) == ("stray", "closed", 9_900)
    refund = ask_return(payment.pk, at=clock.now())
    assert ask_return(payment.pk, at=clock.now()) == refund
    assert send_back(refund.pk, at=clock.now()).state == "processing"
    wechat_pay.bank_says(refund.number, "SUCCESS")
    assert tell(wechat_pay.refund_notice(refund.number)).status_code == 200
    payment.refresh_from_db()
    assert (payment.state, payment.refunded, payment.refunding) == ("returned", 9_900, 0)
    assert stands(order) == ("cancelled", 0, 0)
    assert not LoggedEvent.objects.filter(kind__in=["order.paid", "order.refunded"]).exists()


@pytest.mark.usefixtures("account", "ledger")
def test_money_that_comes_twice_is_kept_apart(make_order, wechat_pay):
    order = make_order()
    payment = begin(order)
    wechat_pay.pay(payment.number)
    pay_order(order.pk, how="offline", reference="", at=clock.now())
    assert tell(wechat_pay.payment_notice(payment.number)).status_code == 200
    payment.refresh_from_db()
    assert (payment.state, payment.problem) == ("stray", "double")
    assert stands(order) == ("paid", 0, 0)


@pytest.mark.usefixtures("account", "ledger")
def test_whoever_asks_learns_what_was_never_told(make_order, wechat_pay):
    told, untold = make_order(), make_order()
    waiting, silent = begin(told), begin(untold)
    wechat_pay.pay(silent.number)
    assert reconcile(at=clock.now()) == 0
    assert reconcile(at=clock.now() + timedelta(minutes=2)) == 2
    assert (stands(told)[0], stands(untold)[0]) == ("unpaid", "paid")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.asked) == ("open", 1)


@pytest.mark.usefixtures("account", "ledger")
def test_nobody_can_pay_what_is_closed_or_over(make_order, wechat_pay):
    closed, late = make_order(), make_order()
    first, second = begin(closed), begin(late)
    close_order(closed.pk, at=clock.now())
    assert reconcile(at=clock.now()) == 1
    ask(second.pk, at=second.until + timedelta(seconds=5))
    for payment in (first, second):
        payment.refresh_from_db()
        assert (payment.state, payment.ask_at, wechat_pay.orders[payment.number].state) == ("closed", None, "CLOSED")
    assert time_out_orders(at=clock.now() + 2 * HOUR) == 1


@pytest.mark.usefixtures("account", "ledger")
def test_a_code_is_shown_again_rather_than_made_twice(make_order, wechat_pay):
    order = make_order()
    assert begin(order) == begin(order)
    assert Payment.objects.count() == 1
    wechat_pay.breaks = 1
    with pytest.raises(Refused, match=r"payment\.unreachable"):
        begin(order, "jsapi", payer=Payer("openid"))
    assert begin(order, "jsapi", payer=Payer("openid")).state == "open"
    assert Payment.objects.count() == 2


@pytest.mark.usefixtures("account", "ledger")
def test_who_refuses_says_why(make_order, wechat_pay):
    with pytest.raises(Refused, match="缺少 openid"):
        begin(make_order(), "jsapi")
    assert (Payment.objects.get().state, Payment.objects.get().problem) == ("failed", "缺少 openid")
    begun = make_order()
    payment_accounts.switch_account("wechatpay", is_active=False, at=clock.now())
    with pytest.raises(Refused, match=r"payment\.account"):
        begin(begun)


@pytest.mark.usefixtures("account", "ledger")
def test_answers_of_others_are_not_believed(make_order, wechat_pay):
    order = make_order()
    wechat_pay.signs_with = MERCHANT_KEY
    with pytest.raises(Refused, match=r"payment\.unreachable"):
        begin(order)
    wechat_pay.signs_with = PLATFORM_KEY
    with serving(WeChatPay()) as elsewhere:
        wechat_pay.redirect_to = f"{elsewhere.address}/v3/pay/transactions/native"
        with pytest.raises(Refused, match=r"payment\.provider"):
            begin(make_order())
        assert elsewhere.requests == []


def test_only_https_is_spoken_to(settings):
    settings.WECHATPAY_URL = "http://api.mch.weixin.qq.com"
    with pytest.raises(ValueError, match="https"):
        wechat.gateway()


@pytest.mark.usefixtures("account", "ledger")
def test_a_part_goes_back_then_the_rest(make_order, wechat_pay):
    order, payment = paid(make_order, wechat_pay)
    part = ask_refund(order.pk, RefundWanted(3_000, "CNY", "a", "少发一件", clock.now()))
    assert ask_refund(order.pk, RefundWanted(3_000, "CNY", "a", "少发一件", clock.now())) == part
    assert stands(order) == ("paid", 0, 3_000)
    with pytest.raises(Refused, match=r"refund\.amount"):
        ask_refund(order.pk, RefundWanted(7_000, "CNY", "b", "", clock.now()))
    with pytest.raises(Refused, match=r"refund\.amount"):
        refund_order(order.pk, RefundWanted(7_000, "CNY", "b", "", clock.now()))
    send_back(part.pk, at=clock.now())
    assert wechat_pay.refunds[part.number].told["reason"] == "少发一件"
    wechat_pay.bank_says(part.number, "SUCCESS")
    assert [tell(wechat_pay.refund_notice(part.number)).status_code for _again in range(2)] == [200, 200]
    assert stands(order) == ("paid", 3_000, 0)
    wechat_pay.refunds_at_once = True
    rest = ask_refund(order.pk, RefundWanted(6_900, "CNY", "c", "", clock.now()))
    assert send_back(rest.pk, at=clock.now()).state == "succeeded"
    assert stands(order) == ("refunded", 9_900, 0)
    payment.refresh_from_db()
    assert (payment.refunded, payment.refunding) == (9_900, 0)
    assert [each.data["amount"] for each in LoggedEvent.objects.filter(kind="order.refunded").order_by("position")] == [
        3_000,
        6_900,
    ]


@pytest.mark.usefixtures("account", "ledger")
def test_a_refund_whose_answer_was_lost_is_asked_for_again(make_order, wechat_pay):
    order, _payment = paid(make_order, wechat_pay)
    refund = ask_refund(order.pk, RefundWanted(9_900, "CNY", "a", "", clock.now()))
    wechat_pay.breaks = 1
    with pytest.raises(Refused, match=r"payment\.unreachable"):
        send_back(refund.pk, at=clock.now())
    assert stands(order) == ("paid", 0, 9_900)
    wechat_pay.refunds_at_once = True
    assert reconcile(at=clock.now() + timedelta(minutes=2)) == 1
    assert stands(order) == ("refunded", 9_900, 0)
    assert len(wechat_pay.refunds) == 1


@pytest.mark.usefixtures("account", "ledger")
def test_a_refund_on_its_way_is_not_given_up_when_asking_how_it_stands_is_refused(make_order, wechat_pay):
    order, _payment = paid(make_order, wechat_pay)
    refund = ask_refund(order.pk, RefundWanted(9_900, "CNY", "a", "", clock.now()))
    assert send_back(refund.pk, at=clock.now()).state == "processing"
    # The certificate was replaced on the platform: nothing is known of the refund, least of all that it failed.
    open_account(serial="0" * 40)
    later = clock.now() + timedelta(minutes=2)
    with pytest.raises(Refused, match=r"payment\.provider"):
        send_back(refund.pk, at=later)
    assert reconcile(at=later + timedelta(minutes=5)) == 0
    assert stands(order) == ("paid", 0, 9_900)
    with pytest.raises(Refused, match=r"refund\.amount"):
        refund_order(order.pk, RefundWanted(9_900, "CNY", "hand", "现金", later))
    open_account()
    wechat_pay.bank_says(refund.number, "SUCCESS")
    assert reconcile(at=later + timedelta(hours=1)) == 1
    assert stands(order) == ("refunded", 9_900, 0)


@pytest.mark.usefixtures("account", "ledger")
def test_a_refund_that_fails_leaves_the_money_to_be_refunded(make_order, wechat_pay):
    order, payment = paid(make_order, wechat_pay)
    wechat_pay.balance = 100
    poor = ask_refund(order.pk, RefundWanted(9_900, "CNY", "a", "", clock.now()))
    told = send_back(poor.pk, at=clock.now())
    assert (told.state, told.problem) == ("failed", "基本账户余额不足，请充值后重新发起")
    assert stands(order) == ("paid", 0, 0)
    wechat_pay.balance = 10**9
    again = ask_refund(order.pk, RefundWanted(9_900, "CNY", "b", "", clock.now()))
    send_back(again.pk, at=clock.now())
    wechat_pay.bank_says(again.number, "ABNORMAL")
    tell(wechat_pay.refund_notice(again.number))
    assert (stands(order), OrderRefund.objects.get(key="b").state) == (("paid", 0, 0), "failed")
    # The merchant sends it elsewhere on the platform, and it is told again.
    wechat_pay.orders[payment.number].refunded += 9_900
    wechat_pay.refunds[again.number].state = "SUCCESS"
    tell(wechat_pay.refund_notice(again.number))
    assert (stands(order), OrderRefund.objects.get(key="b").state) == (("refunded", 9_900, 0), "succeeded")


@pytest.mark.usefixtures("account", "ledger")
def test_a_refund_that_succeeds_after_all_is_not_counted_twice(make_order, wechat_pay):
    order, _payment = paid(make_order, wechat_pay)
    refund = ask_refund(order.pk, RefundWanted(9_900, "CNY", "a", "", clock.now()))
    send_back(refund.pk, at=clock.now())
    wechat_pay.bank_says(refund.number, "ABNORMAL")
    tell(wechat_pay.refund_notice(refund.number))
    refund_order(order.pk, RefundWanted(9_900, "CNY", "hand", "现金", clock.now()))
    wechat_pay.refunds[refund.number].state = "SUCCESS"
    assert tell(wechat_pay.refund_notice(refund.number)).status_code == 200
    refund.refresh_from_db()
    assert (stands(order), refund.state, refund.problem) == (("refunded", 9_900, 0), "failed", "again")


@pytest.mark.usefixtures("shared_ledger")
def test_many_refunds_at_once_give_back_what_was_paid_and_no_more(make_order, wechat_pay, at_once):
    open_account()
    order, _payment = paid(make_order, wechat_pay, 10_000)
    wechat_pay.refunds_at_once = True

    def give(number: int) -> None:
        if number % 3:
            refund = ask_refund(order.pk, RefundWanted(700, "CNY", f"k{number}", "", clock.now()))
            send_back(refund.pk, at=clock.now())
        else:
            refund_order(order.pk, RefundWanted(700, "CNY", f"k{number}", "", clock.now()))

    answers = at_once([lambda each=each: give(each) for each in range(24)], 12)
    refusals = [each for each in answers if each is not None]
    assert {each.code for each in refusals} == {"refund.amount"}
    given = len(answers) - len(refusals)
    order.refresh_from_db()
    assert (given, order.refunded, order.refunding) == (14, 9_800, 0)
    carried = PaymentRefund.objects.filter(state="succeeded").count()
    assert sum(each.told["amount"]["refund"] for each in wechat_pay.refunds.values()) == carried * 700
    assert sum(event.data["amount"] for event in LoggedEvent.objects.filter(kind="order.refunded")) == 9_800


@pytest.mark.usefixtures("account")
def test_secrets_are_sealed_and_never_shown(caplog):
    row = PaymentAccount.objects.get()
    assert set(row.config) == {"mchid", "appid", "serial", "public_key_id", "public_key"}
    for secret in (pem(MERCHANT_KEY), "0123456789abcdef0123456789abcdef"):
        entries = json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))
        assert secret not in row.sealed + entries + caplog.text + repr(payment_accounts.config_of(wechat.ADAPTER))
    # What is left empty stays as it is.
    payment_accounts.save_account("wechatpay", {**row.config, "private_key": "", "apiv3_key": ""}, at=clock.now())
    kept = payment_accounts.config_of(wechat.ADAPTER)
    assert kept.private_key.get_secret_value() == pem(MERCHANT_KEY).strip()


@pytest.mark.usefixtures("account")
def test_another_installation_cannot_open_the_secrets(settings):
    settings.SECRET_KEY = "another"
    with pytest.raises(Refused, match=r"secret\.sealed"):
        payment_accounts.config_of(wechat.ADAPTER)
    open_account()
    assert payment_accounts.config_of(wechat.ADAPTER).mchid == "1900007291"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("private_key", "-----BEGIN CERTIFICATE-----\nx", "apiclient_key.pem"),
        ("apiv3_key", "short", "32"),
        ("serial", "123", "40"),
        ("appid", "gh_123", "wx"),
        ("mchid", "one", "数字"),
        ("public_key", "nonsense", "pub_key.pem"),
        ("public_key_id", "ID", "PUB_KEY_ID_"),
    ],
)
@pytest.mark.django_db
def test_keys_that_cannot_be_right_are_refused_with_where_to_find_them(field, value, words):
    with pytest.raises(Refused) as refusal:
        open_account(**{field: value})
    assert words in refusal.value.data["words"]
    assert not PaymentAccount.objects.filter(is_active=True).exists()


@pytest.mark.usefixtures("account")
def test_a_check_says_what_is_wrong_with_the_keys(wechat_pay):
    def found() -> dict[str, str]:
        return {str(each.about): each.state for each in payment_accounts.check_account("wechatpay", at=clock.now())}

    assert found()["和微信支付通话"] == "right"
    open_account(private_key=pem(PLATFORM_KEY))
    assert found()["和微信支付通话"] == "wrong"
    open_account()
    wechat_pay.signs_with = MERCHANT_KEY
    assert found()["和微信支付通话"] == "wrong"
    assert Payment.objects.count() == 0
