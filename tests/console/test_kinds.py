from __future__ import annotations

from liuliang.console.kinds import grouped


def test_kinds_stand_by_what_they_concern_with_the_commonest_first():
    kinds = [
        "badge.given",
        "order.refunded",
        "message.recalled",
        "moon.landed",
        "order.paid",
        "message.sent",
        "points.earned",
    ]
    found = [[kind for kind, _words in ones] for _title, ones in grouped((kind, kind) for kind in kinds)]
    assert found == [
        ["message.sent", "message.recalled"],
        ["order.paid", "order.refunded"],
        ["points.earned", "badge.given"],
        ["moon.landed"],
    ]
