"""Finding the media of the library of templates for `/static/library/`, and nothing else of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage, Storage

PREFIX = "library"
SERVED = frozenset(
    {".webp", ".jpg", ".png", ".gif", ".mp4", ".webm", ".mp3", ".ogg", ".wav", ".glb"}
)


class LibraryFinder(FileSystemFinder):
    """The files of `templates_gallery/library` that pages show; not those that tell of them."""

    def __init__(self, *_: Any, **__: Any) -> None:
        root = str(settings.LIBRARY_DIR)
        storage: Any = FileSystemStorage(location=root)
        storage.prefix = PREFIX
        self.locations = [(PREFIX, root)]
        self.storages = {root: storage}

    def check(self, **_: Any) -> list[Any]:
        """Say nothing: the folder is not one of the settings that the base looks through."""
        return []

    def find_location(self, root: str, path: str, prefix: str | None = None) -> str | None:
        """Return where a file lies, if it is one that is served."""
        if Path(path).suffix not in SERVED:
            return None
        return super().find_location(root, path, prefix)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Give all files that are served."""
        for path, storage in super().list(ignore_patterns):
            if Path(path).suffix in SERVED:
                yield path, storage
