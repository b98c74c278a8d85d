"""Invent a brand and its communities, write their history as real exporters would, and know the truth about it.

Pure: it imports nothing else of the product, so that what reads files and what writes them cannot share a mistake.
`simulate` invents a `World`, `write` turns it into files, `liuliang.simulator.truth` computes what is true of it.
"""

from liuliang.simulator.files import write
from liuliang.simulator.simulation import simulate
from liuliang.simulator.world import World

__all__ = ["World", "simulate", "write"]
