"""Template tags: ``ui`` for the parts, ``listing`` for lists."""
