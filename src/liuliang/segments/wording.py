"""Words that several conditions share: windows, comparisons and places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from liuliang.segments.base import Config, Context, Names
from liuliang.segments.parameters import Parameters

MOST_DAYS = 3_650
"""Longest window, in days."""

Compare = Literal["at_least", "at_most", "exactly"]

COMPARISONS = {
    "at_least": gettext_lazy("至少"),
    "at_most": gettext_lazy("至多"),
    "exactly": gettext_lazy("正好"),
}
"""Comparisons, by their stored name."""

SIGNS = {"at_least": ">=", "at_most": "<=", "exactly": "="}
OPPOSITES = {"at_least": "<", "at_most": ">", "exactly": "!="}


def ends_before_it_begins() -> PydanticCustomError:
    """Return the error of a window whose end lies before its beginning; its type tells doors what to say."""
    return PydanticCustomError("ends_before_it_begins", "a window cannot end before it begins")


def least_above_most() -> PydanticCustomError:
    """Return the error of two bounds that leave nothing between them."""
    return PydanticCustomError("least_above_most", "at least and at most exclude each other")


class Within(Config):
    """A window of local days: the last ``last_days`` with today among them, or from ``since`` to ``until``, or ever."""

    last_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Within:
        if self.last_days and (self.since or self.until):
            raise ValueError("a window is relative or absolute")
        if self.since and self.until and self.until < self.since:
            raise ends_before_it_begins()
        return self

    @property
    def moves(self) -> bool:
        """Tell whether time alone changes what it holds."""
        return self.last_days is not None

    def days_sql(self, context: Context, parameters: Parameters) -> str:
        """Return the SQL on rows of ``member_day``."""
        if self.last_days:
            today = context.calendar.today_sql(parameters)
            return f"day > {today} - {self.last_days} AND day <= {today}"
        terms = [f"day >= {parameters.day(self.since)}"] if self.since else []
        terms += [f"day <= {parameters.day(self.until)}"] if self.until else []
        return " AND ".join(terms) or "1"

    def instants_sql(self, context: Context, parameters: Parameters) -> str:
        """Return the SQL on rows of ``events``."""
        calendar = context.calendar
        if self.last_days:
            begin = calendar.midnight_sql(self.last_days - 1, parameters)
            end = calendar.midnight_sql(-1, parameters)
            return f"occurred_at >= {begin} AND occurred_at < {end}"
        terms = [f"occurred_at >= {calendar.begin_sql(self.since, parameters)}"] if self.since else []
        if self.until:
            terms.append(
                f"occurred_at < {calendar.begin_sql(date.fromordinal(self.until.toordinal() + 1), parameters)}"
            )
        return " AND ".join(terms) or "1"

    def words(self) -> str:
        """Return the window in words, with a space behind; empty for ever."""
        if self.last_days:
            return _("近 %(days)s 天") % {"days": self.last_days}
        if self.since and self.until:
            return _("%(since)s 到 %(until)s") % {"since": self.since, "until": self.until}
        if self.since:
            return _("%(since)s 起") % {"since": self.since}
        if self.until:
            return _("到 %(until)s 为止") % {"until": self.until}
        return _("有记录以来")


def places_words(communities: Sequence[int], names: Names) -> str:
    """Return where in words; empty for everywhere."""
    if not communities:
        return ""
    return _("在%(places)s") % {"places": listed([names.community(each) for each in communities])}


def listed(words: Sequence[str], most: int = 3) -> str:
    """Return several words as one: the first few, and how many there are where more."""
    shown = _("、").join(quoted(word) for word in words[:most])
    if len(words) > most:
        return _("%(some)s等 %(count)s 个") % {"some": shown, "count": len(words)}
    return shown


def quoted(word: str) -> str:
    """Return a word in quotation marks."""
    return _("「%(word)s」") % {"word": word}


def joined(*parts: str) -> str:
    """Join parts of a sentence with one space, leaving out what is empty."""
    return " ".join(part for part in parts if part)


def day_words(instant: datetime | None, context: Context, community: int | None = None) -> str:
    """Return an instant as a local day."""
    if instant is None:
        return _("从来没有")
    zone = context.calendar.zones.get(community or 0, context.calendar.default)
    return instant.astimezone(ZoneInfo(zone)).date().isoformat()
