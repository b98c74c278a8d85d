"""Members and communities: who somebody is, where they belong, and which staff may see it."""
