"""The pages of analysis: retention, funnels, paths, metrics, and the people behind every number of theirs."""
