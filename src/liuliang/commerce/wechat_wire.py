"""The wire to WeChat Pay (API v3): signed requests to its one host, and answers that are believed when their signature is right.

On the library ``wechatpayv3``, whose signing, verifying and paths are used; requests go out here, so that they reach no other
host, follow no redirection, end in time, and sign exactly the bytes that are sent. Protocol: https://pay.weixin.qq.com/doc/v3,
接口规则.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

WINDOW = 300
"""Seconds that a signature is believed for, as WeChat Pay asks of both sides."""

FRESH_FOR = 60
"""Seconds in which certificates are fetched once at the most: whoever sends a wrong serial makes us ask no more often."""

_MOST = 1024 * 1024
_WAIT = (5, 15)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SIGNED = ("wechatpay-signature", "wechatpay-timestamp", "wechatpay-nonce", "wechatpay-serial")


class Wire(Core):  # type: ignore[misc]
    """Signs what goes out, verifies what comes in. Safe for several threads."""

    def __init__(self, gateway: str, **keys: Any) -> None:
        super().__init__(**keys)
        self._gate_way = gateway
        self._guard = Lock()
        self._fetched = float("-inf")
        self._certificates: list[Any] = []

    def _init_certificates(self) -> None:
        """Fetch certificates when the first signature asks for them, not when the keys are looked at."""

    def _update_certificates(self) -> None:
        """Fetch the certificates that answers and news are signed with. Those that are known stay if it fails."""
        with self._guard:
            if time.monotonic() - self._fetched < FRESH_FOR:
                return
            self._fetched = time.monotonic()
            known = list(self._certificates)
            super()._update_certificates()
            self._certificates = self._certificates or known

    def request(
        self, path: str, method: Any = RequestType.GET, data: Any = None, skip_verify: bool = False, **_unused: Any
    ) -> tuple[int, str]:
        """Send one request and return the status and the text of its answer.

        Raises:
            Refused: ``payment.unreachable`` when there is no answer, or none that can be believed.
        """
        body = "" if data is None else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "liuliang",
            "Authorization": build_authorization(
                path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
            ),
        }
        if self._public_key_id:
            headers["Wechatpay-Serial"] = self._public_key_id
        status, told, text = _send(method.value, self._gate_way + path, headers, body)
        is_signed = all(told.get(name) for name in _SIGNED)
        if not skip_verify and (is_signed or status < 300) and not self.verifies(told, text, at=clock.now()):
            raise Refused("payment.unreachable", words="signature")
        return status, text

    def verifies(self, headers: Mapping[str, str], body: str, *, at: datetime) -> bool:
        """Tell whether WeChat Pay signed this body, and not long ago. ``headers`` have names in lower case."""
        timestamp = headers.get("wechatpay-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):
            return False
        if abs(at.timestamp() - int(timestamp)) > WINDOW:
            return False
        signed = {name: headers.get(name, "") for name in _SIGNED}
        signed["wechatpay-signature-type"] = headers.get("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048")
        try:
            return bool(self._verify_signature(signed, body))
        except (ValueError, TypeError):
            # A serial that is no number, a signature that is no base64.
            return False
        except Exception as fault:
            # The library raises bare exceptions of its own, such as for an algorithm it does not know.
            if type(fault) is Exception:
                return False
            raise


class Client(WeChatPay):  # type: ignore[misc]
    """The library's calls over our wire."""

    def __init__(self, wire: Wire, *, mchid: str, appid: str) -> None:
        # Without the library's constructor, which makes a wire of its own and fetches certificates at once.
        self._core, self._mchid, self._appid = wire, mchid, appid
        self._type, self._notify_url, self._partner_mode = WeChatPayType.NATIVE, None, False


def gateway() -> str:
    """Return where WeChat Pay is: its own host, or what ``LIULIANG_WECHATPAY_URL`` names instead (a trial).

    Raises:
        ValueError: it is neither https nor on this machine.
    """
    address = str(settings.WECHATPAY_URL).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("LIULIANG_WECHATPAY_URL must be https")
    return address


def _send(method: str, address: str, headers: dict[str, str], body: str) -> tuple[int, dict[str, str], str]:
    try:
        with (
            requests.Session() as session,
            session.request(
                method, address, data=body.encode(), headers=headers, timeout=_WAIT, allow_redirects=False, stream=True,
                # Or requests looks for a password in .netrc and puts it in the place of the signature.
                auth=lambda request: request,
            ) as answer,
        ):  # fmt: skip
            content = answer.raw.read(_MOST + 1, decode_content=True)
            if len(content) > _MOST:
                raise Refused("payment.unreachable", words="size")
            told = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status_code, told, content.decode("utf-8", "replace")
    except (requests.RequestException, OSError) as fault:
        raise Refused("payment.unreachable", words=type(fault).__name__) from None
