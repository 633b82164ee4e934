"""The web entrance of `billing`."""
