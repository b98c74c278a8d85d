"""What the lake tells of purchases by product, for conditions and for those who learn from them.

An order names its products in one text, several of them with the enumeration comma between. An order that was logged without
a buyer counts from its claim on; one whose money went back as a whole was no purchase.
"""

from __future__ import annotations

from liuliang.segments.base import Context
from liuliang.segments.parameters import Parameters
from liuliang.segments.tables import read_members

KINDS = frozenset({"order.paid", "order.claimed", "order.refunded"})

BOUGHT = "kind IN ('order.paid', 'order.claimed')"
"""SQL: the row of ``events`` says that its member bought something."""

AMOUNT = "JSONExtractInt(data, 'amount')"

BACK = f"multiIf(kind = 'order.refunded', {AMOUNT}, kind = 'order.claimed', JSONExtractInt(data, 'refunded'), 0)"
"""SQL: what the row says of money that went back, in minor units."""


def ago_sql(context: Context, parameters: Parameters) -> str:
    """Return the SQL of how many local days ago a row of ``events`` happened; below zero for what is yet to come."""
    return f"dateDiff('day', {context.calendar.day_sql(parameters)}, {context.calendar.today_sql(parameters)})"


def purchases_sql(context: Context, parameters: Parameters) -> str:
    """Return the SELECT of everybody's purchases by product: ``member``, ``product``, ``agos``.

    ``agos`` are the days ago on which it was bought, the nearest first, each day once.
    """
    return (
        "SELECT member, trimBoth(part) AS product, arraySort(groupUniqArray(ago)) AS agos"
        f" FROM ({orders_sql(context, parameters)}) ARRAY JOIN splitByString('、', products) AS part"
        " WHERE ago >= 0 AND product != '' GROUP BY member, product"
    )


def orders_sql(context: Context, parameters: Parameters) -> str:
    """Return the SELECT of everybody's orders that did not go back: ``member``, ``products``, ``ago``, ``paid``, ``back``.

    ``paid`` and ``back`` are minor units; ``currency`` is theirs. Of a branch they are those of whoever was ever in it; robots
    and erased people bought nothing.
    """
    nobody = read_members("SELECT m.id FROM people_member m WHERE m.is_bot OR m.erased_at IS NOT NULL")
    people = f"NOT member IN {parameters.numbers(nobody)}"
    if context.branch is not None:
        branch = parameters.numbers(context.branch)
        people += f" AND member IN (SELECT member FROM {{member_day}} WHERE community IN {branch})"
    return (
        "SELECT member, JSONExtractInt(data, 'order') AS number, anyIf(JSONExtractString(data, 'product'), "
        f"{BOUGHT}) AS products, anyIf(JSONExtractString(data, 'currency'), {BOUGHT}) AS currency,"
        f" minIf({ago_sql(context, parameters)}, {BOUGHT}) AS ago, sumIf({AMOUNT}, {BOUGHT}) AS paid,"
        f" sum({BACK}) AS back FROM {{events}} WHERE kind IN {parameters.texts(KINDS)} AND member != 0"
        f" AND {people} AND {context.places_sql((), parameters)} GROUP BY member, number"
        f" HAVING countIf({BOUGHT}) > 0 AND NOT (paid > 0 AND back >= paid)"
    )
