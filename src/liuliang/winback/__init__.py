"""Repurchase and win-back: who should be running out of what they bought, and which buyers were lost."""
