"""Adapters of who takes money, one file each; see `liuliang.commerce.base`."""
