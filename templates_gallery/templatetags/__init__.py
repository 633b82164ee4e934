"""Tags and filters of the gallery's pages."""
