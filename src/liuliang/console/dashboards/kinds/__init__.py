"""The kinds of cards, a file each."""
