"""The columnar copy of the log, and its queries."""
