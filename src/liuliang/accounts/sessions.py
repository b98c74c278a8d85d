"""Sessions in the database that know whose they are and when they were last used (``SESSION_ENGINE``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from liuliang.accounts.models import StaffSession
from liuliang.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.contrib.sessions.base_session import AbstractBaseSession

CLIENT = "client"
"""The session's own note of where the person signed in: address, agent and time."""

SEEN_EVERY = timedelta(minutes=5)
"""How exactly "last used" is known; finer would write on every request."""


class SessionStore(DatabaseStore):
    """The database store of Django over `StaffSession`."""

    seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        """Return the table."""
        return StaffSession

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        row: StaffSession | None = super()._get_session_from_db()  # type: ignore[misc]
        if row is not None:
            self.seen_at = row.seen_at
        return row

    def create_model_instance(self, data: Mapping[str, Any]) -> StaffSession:
        """Return the row for this session's data."""
        row: StaffSession = super().create_model_instance(data)  # type: ignore[assignment,arg-type]
        client = data.get(CLIENT, {})
        row.staff_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.signed_in_at = datetime.fromisoformat(client["at"]) if client else None
        row.address = client.get("address")
        row.agent = client.get("agent", "")
        row.seen_at = clock.now()
        return row

    def touch(self) -> None:
        """Note that the session is in use, at most every few minutes."""
        now = clock.now()
        if self.session_key and self.seen_at is not None and now - self.seen_at > SEEN_EVERY:
            StaffSession.objects.filter(session_key=self.session_key).update(seen_at=now)
            self.seen_at = now
