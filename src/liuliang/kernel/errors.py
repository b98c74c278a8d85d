"""How the domain says no."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Something a person may meet: sold out, not in the group, no such file. It changes nothing.

    ``code`` is stable and dotted (``import.format_unknown``); the doors translate it to words and a status. ``data``
    holds what the words need.
    """

    def __init__(self, code: str, **data: object) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data
