"""Members who say something, and what they show."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from pictures import make_picture
from telling import told

__all__ = ["make_picture", "told"]
