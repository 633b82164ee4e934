"""Writes of `accounts`: users, workspaces with their members, and API keys."""
