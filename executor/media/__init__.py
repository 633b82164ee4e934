"""Untrusted media: recognised by bytes, decoded in a child process, stored only as that child wrote it.

Nothing here imports Django. The door is `executor.media.sandbox.Sandbox`.
"""
