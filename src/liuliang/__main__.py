"""`python -m liuliang` is the command `liuliang`."""

from liuliang.cli.main import run

run()
