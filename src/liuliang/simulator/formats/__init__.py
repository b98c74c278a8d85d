"""One file per format: how the real exporters write a chat. See `liuliang.simulator.formats.catalogue`."""
