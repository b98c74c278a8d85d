"""Repurchase and win-back: lists of who to speak to, and why."""
