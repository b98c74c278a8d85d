"""What people in the invented brand's groups say: dialogues with places to fill in, by subject."""
