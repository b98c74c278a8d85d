"""The first page: what happened, across all communities the person may see."""
