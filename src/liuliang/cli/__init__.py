"""The command `liuliang`."""
