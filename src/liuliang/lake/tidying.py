"""The lake's upkeep, in the order in which it must be done."""

from __future__ import annotations

from django.db import transaction

from liuliang.lake import engine, server
from liuliang.lake.catalogue import sweep
from liuliang.lake.compaction import compact
from liuliang.lake.rewriting import settle
from liuliang.lake.zones import recount


def tidy() -> None:
    """Do all the upkeep that is due; safe to call at any time and from several followers.

    Erasure comes first, since it is owed; deleting comes last, since the steps before leave files behind.
    """
    if not engine.is_embedded():
        server.deliver()
    settle()
    recount()
    compact()
    with transaction.atomic():
        sweep()
