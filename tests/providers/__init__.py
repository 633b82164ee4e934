"""Contract fakes: one loopback server per provider, written from what its documents say."""
