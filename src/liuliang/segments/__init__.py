"""Segments: sets of members that a rule describes, kept up to date, and the layers that everybody is in."""
