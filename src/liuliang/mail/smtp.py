"""The exchange with a mail server, told so that the caller knows whether the letter was taken, was not, or may have been.

RFC 5321: until the text has gone out nothing was delivered, so everything that fails before may be tried again. After it, only
the server's answer tells; when that is lost, the letter may have arrived.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Literal

from django.conf import settings

Outcome = Literal["sent", "refused", "later", "unknown"]

SECONDS = 20
"""Of patience with a server at each step."""

_WIRE = policy.SMTP.clone(cte_type="7bit")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in; ``security`` is starttls, tls or none. ``problem`` says why these settings cannot be used; empty where they can."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender: str

    @property
    def problem(self) -> Literal["", "not_set", "no_sender", "security", "clear_password"]:
        """Return what is wrong with the settings."""
        if not self.host:
            return "not_set"
        if "@" not in self.sender:
            return "no_sender"
        if self.security not in {"starttls", "tls", "none"}:
            return "security"
        if self.user and self.security == "none" and self.host not in _LOCAL:
            return "clear_password"
        return ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a letter, and what the server (or the network) said."""

    outcome: Outcome
    said: str = ""


def server() -> Server:
    """Return the mail server that the environment names."""
    return Server(
        settings.SMTP_HOST,
        settings.SMTP_PORT,
        settings.SMTP_SECURITY,
        settings.SMTP_USER,
        settings.SMTP_PASSWORD,
        settings.MAIL_FROM,
    )


def exchange(to: Server, letter: EmailMessage, recipient: str) -> Answer:
    """Hand a letter for one recipient to the server."""
    try:
        client = _opened(to)
    except (OSError, smtplib.SMTPException) as error:
        # A wrong password or a server that is down is no fault of the letter: it waits until that is mended.
        return Answer("later", _told(error))
    try:
        for code, said in _announced(client, to.sender, recipient):
            if code not in {250, 251, 354}:
                _leave(client)
                return _refusal(code, said)
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        return Answer("later", _told(error))
    try:
        client.send(_LEADING_DOT.sub(b"..", letter.as_bytes(policy=_WIRE)) + b".\r\n")
        code, said = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        return Answer("unknown", _told(error))
    _leave(client)
    return Answer("sent", said.decode(errors="replace")) if code == 250 else _refusal(code, said)


def _opened(to: Server) -> smtplib.SMTP:
    trust = ssl.create_default_context()
    if to.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(to.host, to.port, timeout=SECONDS, context=trust)
    else:
        client = smtplib.SMTP(to.host, to.port, timeout=SECONDS)
    try:
        if to.security == "starttls":
            client.starttls(context=trust)
        client.ehlo_or_helo_if_needed()
        if to.user:
            client.login(to.user, to.password)
    except (OSError, smtplib.SMTPException):
        client.close()
        raise
    return client


def _announced(client: smtplib.SMTP, sender: str, recipient: str) -> Iterator[tuple[int, bytes]]:
    """Say who writes to whom, and that the text comes next; yield each answer of the server."""
    yield client.mail(sender)
    yield client.rcpt(recipient)
    yield client.docmd("DATA")


def _refusal(code: int, said: bytes) -> Answer:
    """Return what a server means that did not take the letter: 5xx is for ever, anything else for now."""
    return Answer("refused" if code >= 500 else "later", f"{code} {said.decode(errors='replace')}"[:300])


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"[:300]
    return f"{type(error).__name__}: {error}"[:300]


def _leave(client: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        client.quit()
