"""The lake's periodic job."""

from __future__ import annotations

from liuliang.kernel.jobs import job
from liuliang.lake.tidying import tidy


@job("lake.tidy", every="* * * * *", attempts=1, lock="lake.tidy")
def tidy_lake(timestamp: int) -> None:
    """Keep the lake tidy, every minute."""
    tidy()
