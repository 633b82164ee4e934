"""Django's SQLite backend with writers of one process queued fairly."""
