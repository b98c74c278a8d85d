"""Families of groups by tier (群家族): who belongs in which of a brand's groups as their layer changes, and asking them over."""
