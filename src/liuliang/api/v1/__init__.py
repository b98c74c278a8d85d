"""The operations of the first version, one file for each kind of thing."""
