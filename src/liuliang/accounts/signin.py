"""Sign-in of staff."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend


class StaffBackend(BaseBackend):
    """Authenticate staff by e-mail and password."""
