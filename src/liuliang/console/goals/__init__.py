"""目标: what numbers should reach by when, how they stand, and whether they will get there."""
