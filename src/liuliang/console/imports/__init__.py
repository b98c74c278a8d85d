"""Pages of imports: drop a file, see what it is, correct it, watch it go in, see what could not be read."""
