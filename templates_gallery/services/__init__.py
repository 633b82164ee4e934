"""Writes of the gallery, and the library of templates as files."""
