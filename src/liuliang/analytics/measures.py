"""What is counted of the rows of ``member_day``, each in one place: for boards, metrics and whatever else adds it up."""

from __future__ import annotations

MESSAGES = "sumIf(count, kind = 'message.sent')"
"""Messages sent."""

JOINED = "uniqExactIf((community, member), kind = 'member.joined')"
"""Members in a community who came in, each once."""

LEFT = "uniqExactIf((community, member), kind = 'member.left')"
"""Members in a community who went out, each once."""

PEOPLE = "groupBitmap(member)"
"""People, however many communities they are in."""
