"""Sets remembered for a few seconds while somebody edits a rule: only what was changed is asked again.

A set of a million members takes 125 KB at the most, so a few hundred are kept in the process and no further.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from pyroaring import BitMap

from liuliang.segments.base import Context
from liuliang.segments.evaluating import evaluate, everybody, loaded
from liuliang.segments.keeping import EVERYBODY
from liuliang.segments.models import KeptLeaf
from liuliang.segments.rules import Leaf

SECONDS = 20.0
"""How old a remembered set may be."""

MOST = 300

Key = tuple[str, int | None]

_lock = threading.Lock()
_known: OrderedDict[Key, tuple[float, BitMap]] = OrderedDict()


def remembered_people(community: int | None, context: Context) -> BitMap:
    """Return the people of a branch: those kept for its dynamic segments, if there are any."""

    def work_out() -> BitMap:
        row = KeptLeaf.objects.filter(community=community, condition=EVERYBODY).first()
        return loaded(row.members) if row else everybody(context)

    return _remembered((EVERYBODY, community), work_out)


def remembered_sets(community: int | None, context: Context, found: Sequence[Leaf]) -> dict[Leaf, BitMap]:
    """Return the sets of conditions, working out together those that are not remembered."""
    sets = {leaf: known for leaf in found if (known := _look_up((leaf.key, community))) is not None}
    for leaf, members in evaluate([leaf for leaf in found if leaf not in sets], context).items():
        sets[leaf] = members
        _keep((leaf.key, community), members)
    return sets


def forget() -> None:
    """Forget everything remembered."""
    with _lock:
        _known.clear()


def _remembered(key: Key, work_out: Callable[[], BitMap]) -> BitMap:
    known = _look_up(key)
    if known is None:
        known = work_out()
        _keep(key, known)
    return known


def _look_up(key: Key) -> BitMap | None:
    with _lock:
        held = _known.get(key)
        if held is None or time.monotonic() - held[0] > SECONDS:
            return None
        return held[1]


def _keep(key: Key, members: BitMap) -> None:
    with _lock:
        _known[key] = (time.monotonic(), members)
        _known.move_to_end(key)
        while len(_known) > MOST:
            _known.popitem(last=False)
