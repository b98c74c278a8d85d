"""建议: what the data proposes, with its evidence; applied by a person or not at all."""
