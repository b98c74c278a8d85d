"""What members earn and may spend: an exact ledger of points, growth, budgets and stock."""
