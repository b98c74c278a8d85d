"""Paid membership: plans, who has one from which day to which, and what it is good for. It does not know how it was paid."""
