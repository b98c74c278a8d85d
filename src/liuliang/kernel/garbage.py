"""When garbage is collected in a process that answers people."""

from __future__ import annotations

import gc


def spare_what_stays() -> None:
    """Take everything there is now out of the collections of garbage, and collect less often.

    What an application is made of is a quarter of a million objects that never go. Python looks through all of them again
    and again, for a sixth of a second each time, while somebody waits for a page. Call it once everything is imported.
    """
    gc.collect()
    gc.freeze()
    # A page makes some tens of thousands of objects, most of which go by themselves.
    gc.set_threshold(50_000, 20, 20)
