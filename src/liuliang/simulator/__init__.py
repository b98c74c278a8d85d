"""Invent a brand and its communities, write their history as real exporters would, and know the truth about it.

Pure: it imports nothing else of the product, so that what reads files and what writes them cannot share a mistake.
"""
