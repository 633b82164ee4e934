"""Following runs live: one core for sockets, event streams and waiting polls."""
