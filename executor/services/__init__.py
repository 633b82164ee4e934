"""Writes: every change of a run, a task or a file goes through here, each in its transaction."""
