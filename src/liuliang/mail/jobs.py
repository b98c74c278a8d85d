"""Letters on their way."""

from __future__ import annotations

from liuliang.kernel import clock
from liuliang.kernel.jobs import job
from liuliang.mail import services


class NotTakenError(Exception):
    """A server did not take a letter for now; the job is tried again."""


@job("mail.send_letter", attempts=services.ATTEMPTS)
def send_letter(letter: int) -> None:
    """Send one letter; where the server does not take it for now, the waits between attempts grow."""
    if services.send(letter, at=clock.now()) == "waiting":
        raise NotTakenError(letter)


@job("mail.give_up_lost", every="*/10 * * * *", lock="mail.give_up_lost")
def give_up_lost(timestamp: int) -> None:
    """Say of letters whose worker died while sending them that nobody knows."""
    del timestamp
    services.give_up_lost(at=clock.now())


@job("mail.tidy", every="53 3 * * *", lock="mail.tidy")
def drop_old(timestamp: int) -> None:
    """Delete letters of long ago."""
    del timestamp
    services.drop_old(at=clock.now())
