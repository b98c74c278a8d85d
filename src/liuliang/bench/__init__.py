"""Benchmarks: each measures one thing beside its limit or a peer, in one run."""
