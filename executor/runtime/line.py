"""Who waits for room at a provider, in this process: first come, first called."""

from collections import defaultdict


class Line:
    """Tasks that nobody holds, by provider. It only saves time: each wakes by itself as well."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def join(self, provider: str, task_id: str) -> None:
        """Put a task at the end; one that is in line keeps its place."""
        self._waiting[provider].setdefault(task_id)

    def leave(self, provider: str) -> str | None:
        """Take the first task out; None where there is none."""
        waiting = self._waiting.get(provider)
        if not waiting:
            return None
        task_id = next(iter(waiting))
        del waiting[task_id]
        return task_id
