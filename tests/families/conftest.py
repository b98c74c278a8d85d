"""What tests of families start from."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from telling import told

__all__ = ["told"]
