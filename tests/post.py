"""A mail server of our own, that speaks SMTP over a socket, keeps what it takes and refuses what it is told to refuse."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Post:
    """What arrived, and what to answer: an answer in ``answers`` is given once, to the command it stands for."""

    port: int
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    users: list[tuple[str, str]] = field(default_factory=list)
    hangs_up: bool = False

    def _answer(self, command: str) -> str:
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if refusal := self._answer("RCPT"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if refusal := self._answer("DATA"):
            return refusal
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        if self.hangs_up:
            server.transport.abort()
        return "250 taken"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        told = (data.login.decode(), data.password.decode())
        self.users.append(told)
        return AuthResult(success=told == ("ll", "secret"), handled=False)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def start_post(settings: Any) -> Iterator[Callable[..., Post]]:
    """Start a server and point the product to it: in the clear, or with STARTTLS and a password."""
    running: list[Controller] = []

    def start(tls: ssl.SSLContext | None = None) -> Post:
        post = Post(free_port())
        more: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls else {}
        if tls:
            more |= {"authenticator": post.authenticate, "auth_required": True}
        controller = Controller(post, hostname="127.0.0.1", port=post.port, **more)
        controller.start()
        running.append(controller)
        settings.SMTP_HOST, settings.SMTP_PORT = "127.0.0.1", post.port
        settings.SMTP_SECURITY = "starttls" if tls else "none"
        settings.MAIL_FROM = "liuliang@example.com"
        return post

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture
def post(start_post: Callable[..., Post]) -> Post:
    return start_post()
