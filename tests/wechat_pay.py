"""A stand-in for WeChat Pay: an HTTP server that checks our signatures and signs with keys of its own, as API v3 says.

It keeps orders and refunds, knows each by its number once, lets nobody pay what is closed or over, gives back no more than was
paid, and sends notices that are signed and encrypted. What it answers is written after the published pages of the protocol
(https://pay.weixin.qq.com/doc/v3), not after what our side expects.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

MCHID, APPID = "1900007291", "wxd678efh567hg6787"
SERIAL = "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB"
APIV3_KEY = "0123456789abcdef0123456789abcdef"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000072912026112200000000000001"

_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')

MERCHANT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLATFORM_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def certificate_of(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=3000)).sign(key, hashes.SHA256())
    )  # fmt: skip


def config(*, is_public_mode: bool = True, **other: str) -> dict[str, str]:
    """Return what a merchant of the stand-in fills in."""
    told = {"mchid": MCHID, "appid": APPID, "serial": SERIAL, "private_key": pem(MERCHANT_KEY), "apiv3_key": APIV3_KEY}
    if is_public_mode:
        told |= {"public_key_id": PUBLIC_KEY_ID, "public_key": public_pem(PLATFORM_KEY)}
    return {**told, **other}


@dataclass
class Order:
    told: dict[str, Any]
    state: str = "NOTPAY"
    transaction: str = ""
    refunded: int = 0


@dataclass
class Refund:
    told: dict[str, Any]
    state: str
    id: str = field(default_factory=lambda: "5030" + secrets.token_hex(12))


class Fault(Exception):  # noqa: N818 - an answer, as the protocol calls it
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class WeChatPay:
    """The stand-in's memory. ``is_public_mode`` says with which of its keys it signs, ``refunds_at_once`` that banks are quick."""

    def __init__(self, *, is_public_mode: bool = True) -> None:
        self.is_public_mode, self.refunds_at_once, self.balance = is_public_mode, False, 10**9
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, Refund] = {}
        self.certificate = certificate_of(PLATFORM_KEY)
        self.requests: list[str] = []
        self.nonces: set[str] = set()
        self.address = ""
        self.breaks = 0
        self.redirect_to = ""
        self.signs_with = PLATFORM_KEY
        self.lock = Lock()

    # What buyers and banks do.

    def pay(self, number: str) -> Order:
        order = self.orders[number]
        assert order.state == "NOTPAY", order.state
        order.state, order.transaction = "SUCCESS", "4200" + secrets.token_hex(12)
        return order

    def bank_says(self, number: str, state: str) -> None:
        refund = self.refunds[number]
        if refund.state == "PROCESSING" and state in {"ABNORMAL", "CLOSED"}:
            self.orders[refund.told["out_trade_no"]].refunded -= refund.told["amount"]["refund"]
        refund.state = state

    # What it sends.

    def payment_notice(self, number: str, **other: Any) -> tuple[dict[str, str], bytes]:
        resource = {**self.transaction(number), **other}
        return self.notice("TRANSACTION.SUCCESS", "transaction", resource)

    def refund_notice(self, number: str) -> tuple[dict[str, str], bytes]:
        refund = self.refunds[number]
        amount = refund.told["amount"]
        resource = {
            "mchid": MCHID, "out_trade_no": refund.told["out_trade_no"], "out_refund_no": number, "refund_id": refund.id,
            "transaction_id": self.orders[refund.told["out_trade_no"]].transaction, "refund_status": refund.state,
            "user_received_account": "支付用户零钱",
            "amount": {"total": amount["total"], "refund": amount["refund"], "payer_total": amount["total"], "payer_refund": amount["refund"]},
        }  # fmt: skip
        return self.notice(f"REFUND.{refund.state}", "refund", resource)

    def notice(
        self, event: str, original: str, resource: dict[str, Any], *, key: str = APIV3_KEY
    ) -> tuple[dict[str, str], bytes]:
        body = json.dumps(
            {
                "id": secrets.token_hex(16), "create_time": rfc3339(), "resource_type": "encrypt-resource",
                "event_type": event, "summary": "通知", "resource": encrypted(resource, original, key),
            },
            ensure_ascii=False,
        ).encode()  # fmt: skip
        return self.signed(body), body

    def signed(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        timestamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.signs_with.sign(message, padding.PKCS1v15(), hashes.SHA256())
        serial = PUBLIC_KEY_ID if self.is_public_mode else f"{self.certificate.serial_number:X}"
        return {
            "Wechatpay-Signature": b64encode(signature).decode(), "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce, "Wechatpay-Serial": serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }  # fmt: skip

    # What it answers.

    def answer(self, method: str, path: str, body: bytes) -> dict[str, Any] | None:
        bare = path.partition("?")[0]
        if (method, bare) == ("GET", "/v3/certificates"):
            return self.certificates()
        if method == "POST" and (match := re.fullmatch(r"/v3/pay/transactions/(native|jsapi|h5)", bare)):
            return self.place(match[1], json.loads(body))
        if match := re.fullmatch(r"/v3/pay/transactions/out-trade-no/([^/]+)(/close)?", bare):
            if method == "POST" and match[2]:
                return self.close(match[1])
            if method == "GET" and path.endswith(f"?mchid={MCHID}"):
                return self.transaction(match[1])
        if (method, bare) == ("POST", "/v3/refund/domestic/refunds"):
            return self.refund(json.loads(body))
        if method == "GET" and (match := re.fullmatch(r"/v3/refund/domestic/refunds/([^/]+)", bare)):
            return self.refund_told(match[1])
        raise Fault(404, "NOT_FOUND", "没有这个接口")

    def place(self, way: str, told: dict[str, Any]) -> dict[str, Any]:
        missing = {"appid", "mchid", "description", "out_trade_no", "notify_url", "amount"} - told.keys()
        if (
            missing
            or not re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", told["out_trade_no"])
            or len(told["description"]) > 127
        ):
            raise Fault(400, "PARAM_ERROR", f"输入源“/body”映射到值字段“{sorted(missing)}”")
        if told["mchid"] != MCHID or told["appid"] != APPID:
            raise Fault(400, "APPID_MCHID_NOT_MATCH", "商户号与appid不匹配")
        if (
            not isinstance(told["amount"]["total"], int)
            or told["amount"]["total"] < 1
            or told["amount"]["currency"] != "CNY"
        ):
            raise Fault(400, "PARAM_ERROR", "金额不对")
        if datetime.fromisoformat(told["time_expire"]) <= datetime.now(UTC):
            raise Fault(400, "PARAM_ERROR", "交易结束时间已过")
        if way == "jsapi" and not told.get("payer", {}).get("openid"):
            raise Fault(400, "PARAM_ERROR", "缺少 openid")
        if way == "h5" and not told.get("scene_info", {}).get("payer_client_ip"):
            raise Fault(400, "PARAM_ERROR", "缺少 payer_client_ip")
        known = self.orders.setdefault(told["out_trade_no"], Order(told))
        if known.told != told:
            raise Fault(403, "INVALID_REQUEST", "商户订单号重复")
        if known.state != "NOTPAY":
            raise Fault(400, {"SUCCESS": "ORDERPAID"}.get(known.state, "ORDER_CLOSED"), "该订单已支付或已关闭")
        handle = f"{way}{told['out_trade_no']}"
        return {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={handle}"},
            "jsapi": {"prepay_id": f"wx{handle}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{handle}"},
        }[way]

    def transaction(self, number: str) -> dict[str, Any]:
        order = self.orders.get(number)
        if order is None:
            raise Fault(404, "ORDER_NOT_EXIST", "查询的订单不存在")
        told: dict[str, Any] = {"appid": APPID, "mchid": MCHID, "out_trade_no": number, "trade_state": order.state}
        if order.transaction:
            total = order.told["amount"]["total"]
            told |= {
                "transaction_id": order.transaction, "trade_type": "NATIVE", "success_time": rfc3339(), "bank_type": "OTHERS",
                "trade_state": "REFUND" if order.refunded else order.state, "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
                "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
            }  # fmt: skip
        return told

    def close(self, number: str) -> None:
        order = self.orders.get(number)
        if order is None:
            raise Fault(404, "ORDER_NOT_EXIST", "订单不存在")
        if order.state == "SUCCESS":
            raise Fault(400, "ORDERPAID", "订单已支付，不能关闭")
        order.state = "CLOSED"

    def refund(self, told: dict[str, Any]) -> dict[str, Any]:
        known = self.refunds.get(told["out_refund_no"])
        if known is not None:
            if known.told["amount"] != told["amount"]:
                raise Fault(400, "INVALID_REQUEST", "退款单号重复，参数不一致")
            return self.refund_told(told["out_refund_no"])
        order = self.orders.get(told["out_trade_no"])
        if order is None or not order.transaction:
            raise Fault(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        amount = told["amount"]
        if amount["total"] != order.told["amount"]["total"] or order.refunded + amount["refund"] > amount["total"]:
            raise Fault(400, "PARAM_ERROR", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if amount["refund"] > self.balance:
            raise Fault(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
        order.refunded += amount["refund"]
        self.balance -= amount["refund"]
        self.refunds[told["out_refund_no"]] = Refund(told, "SUCCESS" if self.refunds_at_once else "PROCESSING")
        return self.refund_told(told["out_refund_no"])

    def refund_told(self, number: str) -> dict[str, Any]:
        refund = self.refunds.get(number)
        if refund is None:
            raise Fault(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return {
            "refund_id": refund.id, "out_refund_no": number, "out_trade_no": refund.told["out_trade_no"], "channel": "ORIGINAL",
            "transaction_id": self.orders[refund.told["out_trade_no"]].transaction, "status": refund.state,
            "user_received_account": "支付用户零钱", "create_time": rfc3339(),
            "amount": {**refund.told["amount"], "payer_total": refund.told["amount"]["total"], "payer_refund": refund.told["amount"]["refund"]},
        }  # fmt: skip

    def certificates(self) -> dict[str, Any]:
        text = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return {
            "data": [
                {
                    "serial_no": f"{self.certificate.serial_number:X}",
                    "effective_time": self.certificate.not_valid_before_utc.isoformat(),
                    "expire_time": self.certificate.not_valid_after_utc.isoformat(),
                    "encrypt_certificate": encrypted(text, "certificate", APIV3_KEY),
                }
            ]
        }

    def believes(self, method: str, path: str, authorization: str, body: bytes) -> bool:
        scheme, _space, rest = authorization.partition(" ")
        told = dict(_AUTHORIZATION.findall(rest))
        if scheme != "WECHATPAY2-SHA256-RSA2048" or (told.get("mchid"), told.get("serial_no")) != (MCHID, SERIAL):
            return False
        if abs(time.time() - int(told["timestamp"])) > 300 or told["nonce_str"] in self.nonces:
            return False
        message = f"{method}\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n".encode() + body + b"\n"
        try:
            MERCHANT_KEY.public_key().verify(b64decode(told["signature"]), message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        self.nonces.add(told["nonce_str"])
        return True


def encrypted(content: Any, original: str, key: str) -> dict[str, str]:
    nonce = secrets.token_hex(6)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), text.encode(), original.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM", "original_type": original, "associated_data": original, "nonce": nonce,
        "ciphertext": b64encode(sealed).decode(),
    }  # fmt: skip


def rfc3339() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def serving(shop: WeChatPay) -> Iterator[WeChatPay]:
    """Serve it on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.respond()

        def do_POST(self) -> None:
            self.respond()

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with shop.lock:
                shop.requests.append(f"{self.command} {self.path}")
                if shop.breaks:
                    shop.breaks -= 1
                    return self.say(502, b"<html>bad gateway</html>", {})
                if shop.redirect_to:
                    return self.say(302, b"", {"Location": shop.redirect_to})
                if not shop.believes(self.command, self.path, self.headers.get("Authorization", ""), body):
                    return self.say(401, json.dumps({"code": "SIGN_ERROR", "message": "签名错误"}).encode(), {})
                try:
                    told = shop.answer(self.command, self.path, body)
                    status, said = (200, json.dumps(told).encode()) if told is not None else (204, b"")
                except Fault as fault:
                    status = fault.status
                    said = json.dumps({"code": fault.code, "message": fault.message}, ensure_ascii=False).encode()
                return self.say(status, said, shop.signed(said))

        def say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json; charset=utf-8"}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
