"""复盘: what changed in a week or a month, who explains it, and what to do."""
