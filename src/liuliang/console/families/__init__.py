"""Pages about families of groups: the tiers, who is to be asked over, and who came."""
