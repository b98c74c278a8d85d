"""Partners: who brings orders, what they earn, and how it is paid."""
