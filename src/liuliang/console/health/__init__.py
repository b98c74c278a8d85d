"""健康度: every group by how well it does, one group's parts and what would raise it, its stage, and the weights."""
