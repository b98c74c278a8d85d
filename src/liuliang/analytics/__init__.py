"""What the log says: the figures and pictures of communities and members."""
