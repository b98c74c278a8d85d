"""One file per condition. See `liuliang.segments.base.Condition`."""
