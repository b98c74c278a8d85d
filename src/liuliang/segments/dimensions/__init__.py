"""One file per way of layering members. See `liuliang.segments.layering.Dimension`."""
