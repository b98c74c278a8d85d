from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from systems import ground, noon, shared_ground, sound

from crowds import at_once

__all__ = ["at_once", "ground", "noon", "shared_ground", "sound"]
