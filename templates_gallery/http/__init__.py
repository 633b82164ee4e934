"""The web entrance of the gallery."""
