"""Points, levels and limited things in the console."""
