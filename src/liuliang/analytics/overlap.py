"""Who is in several communities at once, and which communities share their people. Read from the projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.presence import present_people
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.scopes import Scope

MANY = 4
"""In so many communities or more is counted together."""

FEWEST_SHARED = 5
"""Pairs that share fewer people are left out: a handful of staff and friends is in most communities."""

MOST_PAIRS = 1_000
"""Pairs that are told of, those that share most people first."""

OVERLAP = Definition(
    "overlap",
    _("重叠"),
    _(
        "现在在群的人，每人只数一次：合并过的账号算一个人，机器人、已抹除的人和退了群的人不算，已归档的群不算。两个群的重叠是同时在两个群里的人；"
        "“占小群”是除以人少的那个群，“相似度”是除以在任意一个群里的人（Jaccard 指数）。共有不到 5 人的两个群不列，最多列共有的人最多的 1000 对。"
    ),
    _("人"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two communities, the lower id first, the people in each now, and those in both."""

    one: int
    other: int
    in_one: int
    in_other: int
    both: int

    @property
    def of_smaller(self) -> float:
        """Return the people in both as a share of the smaller community."""
        return self.both / min(self.in_one, self.in_other)

    @property
    def of_one(self) -> float:
        """Return them as a share of the first."""
        return self.both / self.in_one

    @property
    def of_other(self) -> float:
        """Return them as a share of the second."""
        return self.both / self.in_other

    @property
    def jaccard(self) -> float:
        """Return them as a share of whoever is in either (Jaccard 1901)."""
        return self.both / (self.in_one + self.in_other - self.both)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many people are in 1, 2, 3 and `MANY` or more communities, how many are in each, and the pairs that share most.

    ``pairs_in_all`` share `FEWEST_SHARED` people or more; no more than `MOST_PAIRS` of them are in ``pairs``.
    """

    people_in: tuple[int, ...]
    members: Mapping[int, int]
    pairs: tuple[Pair, ...]
    pairs_in_all: int

    @property
    def people(self) -> int:
        """Return everybody, once."""
        return sum(self.people_in)

    @property
    def in_several(self) -> int:
        """Return who is in more than one."""
        return sum(self.people_in[1:])

    @property
    def share(self) -> float | None:
        """Return them as a share of everybody; None of nobody."""
        return self.in_several / self.people if self.people else None


@remembered_of_records
def overlap(scope: Scope) -> Overlap:
    """Return which of the communities share their people now.

    Three statements, whatever the number of communities. People are joined with themselves inside the database, which keeps on
    disk what does not fit; what comes back is one row a community and at most `MOST_PAIRS` pairs.
    """
    people, values = present_people(scope)
    values |= {"many": MANY, "fewest": FEWEST_SHARED, "most": MOST_PAIRS}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT community_id, count(*) FROM ({people}) AS p GROUP BY community_id", values)
        members = dict(cursor.fetchall())
        cursor.execute(
            "SELECT least(places, %(many)s), count(*) FROM"
            f" (SELECT count(*) AS places FROM ({people}) AS p GROUP BY member_id) AS each GROUP BY 1",
            values,
        )
        found = dict(cursor.fetchall())
        cursor.execute(pairs_sql(people), values)
        rows = cursor.fetchall()
    pairs = tuple(Pair(one, other, members[one], members[other], both) for one, other, both, _all in rows)
    people_in = tuple(found.get(places, 0) for places in range(1, MANY + 1))
    return Overlap(people_in, members, pairs, rows[0][3] if rows else 0)


def pairs_sql(people: str) -> str:
    """Return the SQL of the pairs of communities that share people, most first, of a relation of who is where."""
    return (
        f"WITH p AS MATERIALIZED ({people}) SELECT a.community_id, b.community_id, count(*), count(*) OVER ()"
        " FROM p AS a JOIN p AS b ON b.member_id = a.member_id AND b.community_id > a.community_id"
        " GROUP BY a.community_id, b.community_id HAVING count(*) >= %(fewest)s"
        " ORDER BY count(*) DESC, a.community_id, b.community_id LIMIT %(most)s"
    )


def pairs_statement(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the SQL behind the pairs of `overlap`, and its parameters."""
    people, values = present_people(scope)
    return pairs_sql(people), {**values, "fewest": FEWEST_SHARED, "most": MOST_PAIRS}


def members_in_both(scope: Scope, one: int, other: int) -> tuple[int, ...]:
    """Return who is in two communities of the scope now."""
    people, values = present_people(scope.only((one, other)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT member_id FROM ({people}) AS p GROUP BY member_id HAVING count(*) = 2 ORDER BY member_id", values
        )
        return tuple(row[0] for row in cursor.fetchall())


def members_in(scope: Scope, places: int) -> tuple[int, ...]:
    """Return who is in just so many of the communities now, `MANY` standing for that many or more."""
    people, values = present_people(scope)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT member_id FROM ({people}) AS p GROUP BY member_id"
            " HAVING least(count(*), %(many)s) = %(places)s ORDER BY member_id",
            {**values, "many": MANY, "places": places},
        )
        return tuple(row[0] for row in cursor.fetchall())
