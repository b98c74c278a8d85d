"""预警: a condition on any metric, looked at once for every day that is over, and whoever is told when it holds."""
