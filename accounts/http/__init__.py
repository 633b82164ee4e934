"""The web entrance of `accounts`: key authentication for all apps' views, and `GET /me`."""
