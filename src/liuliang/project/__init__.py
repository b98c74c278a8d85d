"""Settings, addresses and entry points: the one package that knows everything."""
