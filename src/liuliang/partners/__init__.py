"""Partners and shop assistants: their codes, whose order is whose, commission through the ledger, and its settlement."""
