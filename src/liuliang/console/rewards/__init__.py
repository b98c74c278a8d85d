"""激励: points, their rules and settings, what staff give and take by hand, and everybody's account."""
