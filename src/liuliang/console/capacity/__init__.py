"""人手: what everybody in charge of groups carries, what they can run, and the warning before it becomes too much."""
