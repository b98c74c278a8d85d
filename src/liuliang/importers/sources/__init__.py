"""One file per format. A format is found by its content; see `liuliang.importers.base.Source`."""
