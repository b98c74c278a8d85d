"""WeChat Pay (微信支付), API v3, for a merchant of their own: codes to scan, pages inside WeChat, pages in another browser.

Protocol: https://pay.weixin.qq.com/doc/v3/merchant, the pages Native下单, JSAPI下单, H5下单, 查询订单, 关闭订单, 退款申请,
支付成功回调通知, 退款结果回调通知.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import Field, SecretStr
from wechatpayv3 import WeChatPayType
from wechatpayv3.utils import aes_decrypt, load_private_key, load_public_key

from liuliang.commerce.base import (
    H5,
    JSAPI,
    NATIVE,
    Asked,
    Back,
    BackStanding,
    Config,
    Finding,
    Label,
    Notice,
    Standing,
)
from liuliang.commerce.wechat_wire import Client, Wire, gateway
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

_TYPES = {NATIVE: WeChatPayType.NATIVE, JSAPI: WeChatPayType.JSAPI, H5: WeChatPayType.H5}
_BACK = {"SUCCESS": "succeeded", "PROCESSING": "processing", "ABNORMAL": "failed", "CLOSED": "failed"}
_UNKNOWN = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
_CHINA = ZoneInfo("Asia/Shanghai")
_PASSING = {"SYSTEM_ERROR", "SYSTEMERROR", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED"}
_ABNORMAL = _("钱退不到原来的账户（例如银行卡已注销），请到微信商户平台改退到别处。")
_CLOSED = _("微信支付关闭了这笔退款，钱没有退。")


class WeChatConfig(Config):
    """A merchant's account with the keys of the merchant platform. Without a public key, platform certificates are fetched."""

    mchid: str = Field(min_length=1, max_length=32)
    appid: str = Field(min_length=1, max_length=64)
    serial: str = Field(min_length=1, max_length=64)
    private_key: SecretStr = Field(min_length=1, max_length=8_000)
    apiv3_key: SecretStr = Field(min_length=1, max_length=64)
    public_key_id: str = Field(default="", max_length=80)
    public_key: str = Field(default="", max_length=8_000)


class WeChatPayment:
    """WeChat Pay."""

    key = "wechatpay"
    title: str | Promise = _("微信支付")
    config: type[Config] = WeChatConfig
    labels: Mapping[str, Label] = {
        "mchid": Label(_("商户号"), _("商户平台首页右上角的一串数字。")),
        "appid": Label("AppID", _("公众号、小程序或开放平台应用的，要已在商户平台和商户号关联。")),
        "serial": Label(_("商户 API 证书序列号"), _("商户平台 → 账户中心 → API 安全 → 商户 API 证书 → 管理证书。")),
        "private_key": Label(_("商户 API 私钥"), _("apiclient_key.pem 的全部内容。"), is_long=True),
        "apiv3_key": Label(_("APIv3 密钥"), _("在 API 安全里自己设置的 32 个字符。")),
        "public_key_id": Label(_("微信支付公钥 ID"), _("以 PUB_KEY_ID_ 开头；商户号还在用平台证书就留空。")),
        "public_key": Label(_("微信支付公钥"), _("pub_key.pem 的全部内容；商户号还在用平台证书就留空。"), is_long=True),
    }
    ways = (NATIVE, JSAPI, H5)
    currencies = frozenset({"CNY"})

    def begin(self, config: WeChatConfig, asked: Asked) -> dict[str, str]:
        """Place the order there: ``url`` is the code's text or the page's address; a page inside WeChat gets its parameters."""
        more: dict[str, Any] = {}
        if asked.way == JSAPI:
            more["payer"] = {"openid": asked.payer}
        if asked.way == H5:
            more["scene_info"] = {"payer_client_ip": asked.address, "h5_info": {"type": "Wap"}}
        told = _answer(
            _client(config).pay(
                description=asked.description[:127],
                out_trade_no=asked.number,
                amount={"total": asked.amount, "currency": asked.currency},
                time_expire=asked.until.astimezone(_CHINA).replace(microsecond=0).isoformat(),
                notify_url=asked.notify,
                pay_type=_TYPES[asked.way],
                **more,
            )
        )
        if asked.way == JSAPI:
            return self._page(config, str(told["prepay_id"]))
        return {"url": str(told["code_url" if asked.way == NATIVE else "h5_url"])}

    @staticmethod
    def _page(config: WeChatConfig, prepay: str) -> dict[str, str]:
        """Return what a page inside WeChat calls the payment with (JSAPI调起支付)."""
        package = f"prepay_id={prepay}"
        timestamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
        sign = _client(config).sign([config.appid, timestamp, nonce, package])
        return {
            "appId": config.appid, "timeStamp": timestamp, "nonceStr": nonce, "package": package, "signType": "RSA",
            "paySign": sign,
        }  # fmt: skip

    def query(self, config: WeChatConfig, number: str) -> Standing:
        """Ask how a payment stands. One that was given back was paid."""
        return _standing(config, _answer(_client(config).query(out_trade_no=number)))

    def close(self, config: WeChatConfig, number: str) -> None:
        """Close it there. One that was just paid refuses."""
        try:
            _answer(_client(config).close(out_trade_no=number))
        except Refused as refusal:
            if refusal.code != "payment.unknown" and refusal.data.get("provider") != "ORDER_CLOSED":
                raise

    def give_back(self, config: WeChatConfig, back: Back) -> BackStanding:
        """Ask for a refund."""
        answer = _client(config).refund(
            out_refund_no=back.number,
            out_trade_no=back.payment,
            amount={"refund": back.amount, "total": back.total, "currency": back.currency},
            reason=back.reason[:80] or None,
            notify_url=back.notify,
        )
        return _back(_answer(answer), "status")

    def query_back(self, config: WeChatConfig, number: str) -> BackStanding:
        """Ask how a refund stands."""
        return _back(_answer(_client(config).query_refund(number)), "status")

    def read(self, config: WeChatConfig, headers: Mapping[str, str], body: bytes, *, at: datetime) -> Notice | None:
        """Verify the signature and its time, open the resource, and see that it is for this merchant."""
        text = body.decode("utf-8", "replace")
        if not _client(config).wire.verifies(headers, text, at=at):
            raise Refused("payment.signature")
        try:
            told = json.loads(text)
            opened = _opened(config, told["resource"])
            if opened["mchid"] != config.mchid:
                raise Refused("payment.signature")
            kind = str(told["event_type"])
            if kind.startswith("REFUND."):
                return Notice(str(opened["out_refund_no"]), _back(opened, "refund_status"))
            if kind == "TRANSACTION.SUCCESS":
                return Notice(str(opened["out_trade_no"]), _standing(config, opened))
        except (KeyError, TypeError, ValueError):
            raise Refused("payment.signature") from None
        return None

    def problems(self, config: WeChatConfig) -> Sequence[Finding]:
        """Look at the keys: are they such keys at all, and do they go together."""
        private = config.private_key.get_secret_value()
        is_public_mode = bool(config.public_key_id or config.public_key)
        found = [
            _finding(
                config.mchid.isdecimal(), _("商户号"), _("商户号是一串数字，在商户平台首页的右上角。")
            ),
            _finding(config.appid.startswith("wx"), "AppID", _("AppID 以 wx 开头。")),
            _finding(
                _is_hex(config.serial), _("商户 API 证书序列号"),
                _("序列号是 40 位的数字和字母 A–F：商户平台 → 账户中心 → API 安全 → 商户 API 证书 → 管理证书。"),
            ),
            _finding(
                _is_private(private), _("商户 API 私钥"),
                _("读不懂这个私钥。请贴 apiclient_key.pem 的全部内容，从 -----BEGIN PRIVATE KEY----- 开始；不是 apiclient_cert.pem。"),
            ),
            _finding(
                len(config.apiv3_key.get_secret_value().encode()) == 32, _("APIv3 密钥"),
                _("APIv3 密钥正好是 32 个字符，不是 API 密钥（v2）。"),
            ),
        ]  # fmt: skip
        if is_public_mode:
            found += [
                _finding(
                    config.public_key_id.startswith("PUB_KEY_ID_"), _("微信支付公钥 ID"),
                    _("公钥 ID 以 PUB_KEY_ID_ 开头，和公钥一起在商户平台的 API 安全里。"),
                ),
                _finding(
                    _is_public(config.public_key), _("微信支付公钥"),
                    _("读不懂这个公钥。请贴 pub_key.pem 的全部内容，从 -----BEGIN PUBLIC KEY----- 开始。"),
                ),
            ]  # fmt: skip
        return found

    def check(self, config: WeChatConfig, *, at: datetime) -> Sequence[Finding]:
        """Ask for a payment that does not exist: who is refused for that has signed rightly."""
        found = list(self.problems(config))
        if any(each.state == "wrong" for each in found):
            return found
        is_public = str(settings.PUBLIC_URL).startswith("https://")
        found.append(
            _finding(
                is_public, _("收通知的地址"),
                _("微信支付只通知 https 的公网地址，现在是 {address}。请设置 LIULIANG_URL；没有通知时，系统每几分钟去问一次。"),
                address=settings.PUBLIC_URL,
            )
        )  # fmt: skip
        return found + self._asked(config)

    def _asked(self, config: WeChatConfig) -> list[Finding]:
        about = _("和微信支付通话")
        _clients.cache_clear()
        try:
            self.query(config, f"check{secrets.token_hex(8)}")
        except Refused as refusal:
            if refusal.code == "payment.unreachable":
                words = (
                    _(
                        "有应答，但签名对不上：微信支付公钥、公钥 ID 或 APIv3 密钥不是这个商户号的，或者服务器的时间差得多。"
                    )
                    if refusal.data.get("words") == "signature"
                    else _("连不上 {host}：{words}。请看服务器能不能上网。")
                )
                return [Finding("wrong", about, words, {"host": gateway(), **refusal.data})]
            if refusal.code == "payment.provider":
                words = _("微信支付拒绝了我们的签名：{words}。请核对商户号、证书序列号和私钥是不是同一套。")
                return [Finding("wrong", about, words, refusal.data)]
        found = [Finding("right", about)]
        if config.public_key_id:
            words = _("用公钥时，APIv3 密钥要等第一次收到通知才知道对不对；错了，收款要等系统去问才会确认。")
            found.append(Finding("unknown", _("用 APIv3 密钥解开通知"), words))
        return found


def _standing(config: WeChatConfig, told: Mapping[str, Any]) -> Standing:
    if told.get("mchid", config.mchid) != config.mchid or told.get("appid", config.appid) != config.appid:
        raise Refused("payment.signature")
    state = told.get("trade_state")
    if state in {"SUCCESS", "REFUND"}:
        amount = told["amount"]
        return Standing("paid", str(told["transaction_id"]), int(amount["total"]), str(amount.get("currency", "CNY")))
    return Standing("closed" if state in {"CLOSED", "REVOKED", "PAYERROR"} else "waiting")


def _back(told: Mapping[str, Any], field: str) -> BackStanding:
    status = str(told[field])
    problem = {"ABNORMAL": str(_ABNORMAL), "CLOSED": str(_CLOSED)}.get(status, "")
    state: Any = _BACK.get(status, "processing")
    return BackStanding(state, str(told.get("refund_id", "")), int(told["amount"]["refund"]), problem)


def _opened(config: WeChatConfig, resource: Mapping[str, Any]) -> dict[str, Any]:
    if resource["algorithm"] != "AEAD_AES_256_GCM":
        raise Refused("payment.signature")
    opened = aes_decrypt(
        nonce=resource["nonce"], ciphertext=resource["ciphertext"],
        associated_data=resource.get("associated_data") or "", apiv3_key=config.apiv3_key.get_secret_value(),
    )  # fmt: skip
    if opened is None:
        raise Refused("payment.signature")
    found: dict[str, Any] = json.loads(opened)
    return found


def _answer(answer: tuple[int, str]) -> dict[str, Any]:
    """Return what an answer says; 5xx and being asked too often leave open whether it was heard."""
    status, text = answer
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        told = {}
    if status in {200, 202, 204}:
        return dict(told)
    code, words = str(told.get("code", status)), str(told.get("message", ""))[:200]
    if status >= 500 or status == 429 or code in _PASSING:
        raise Refused("payment.unreachable", words=words or code)
    if code in _UNKNOWN:
        raise Refused("payment.unknown")
    raise Refused("payment.provider", provider=code, words=words or code)


@lru_cache(maxsize=8)
def _clients(config: WeChatConfig, address: str) -> _Client:
    return _Client(config, address)


def _client(config: WeChatConfig) -> _Client:
    return _clients(config, gateway())


class _Client(Client):
    """The library's calls for one account, kept because it remembers certificates."""

    def __init__(self, config: WeChatConfig, address: str) -> None:
        self.wire = Wire(
            address,
            mchid=config.mchid,
            cert_serial_no=config.serial,
            private_key=config.private_key.get_secret_value(),
            apiv3_key=config.apiv3_key.get_secret_value(),
            public_key=config.public_key or None,
            public_key_id=config.public_key_id or None,
        )
        super().__init__(self.wire, mchid=config.mchid, appid=config.appid)


def _finding(is_right: bool, about: str | Promise, words: str | Promise, **data: object) -> Finding:
    return Finding("right", about) if is_right else Finding("wrong", about, words, data)


def _is_hex(text: str) -> bool:
    return len(text) == 40 and all(each in "0123456789abcdefABCDEF" for each in text)


def _is_private(text: str) -> bool:
    try:
        return isinstance(load_private_key(text), RSAPrivateKey)
    except Exception:  # noqa: BLE001 - the library raises a bare one
        return False


def _is_public(text: str) -> bool:
    try:
        return isinstance(load_public_key(text), RSAPublicKey)
    except Exception:  # noqa: BLE001 - the library raises a bare one
        return False


ADAPTER = WeChatPayment()
