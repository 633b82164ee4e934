"""Providers: one adapter each, that speaks its HTTP. Pure: no Django, no rows, no waiting.

What must hold over crashes (one paid job for one attempt) is `executor.services.attempts`'; what
goes on between two calls is `executor.runtime.remote`'s.
"""
