"""A provider on loopback that keeps books: what was asked, what was paid, what it was told to break."""
