"""Files of a template's examples, given to whoever runs them as files of their own workspace."""

from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from django.core.cache import cache

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import Gone, NotFound
from executor.api import get_file_ref, open_stored, take_stream
from templates_gallery.models import TemplateAsset
from templates_gallery.services.library_files import LIBRARY, asset_digest, assets_in
from templates_gallery.types import VersionView

REMEMBERED_S = 24 * 3600  # that a workspace has a file already; another copy of it is harmless


class ExampleFiles:
    """Turns `{"asset": name}` into `{"fileId": id}`; made for one run and thrown away.

    Only what the version's own examples name is a file here, so a name is compared and never made
    into a path by itself. `missing` are the places of all others.
    """

    def __init__(
        self, workspace_id: str, version: VersionView | None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.missing: list[str] = []
        self._workspace_id = workspace_id
        self._version_id = version.id if version else ""
        self._names = frozenset(_names_of(version)) if version else frozenset[str]()
        self._clock = clock

    def take(self, value: Any, *, at: str) -> Any:
        """Return an input with files in place of the assets in it; `at` is its JSON pointer."""
        if isinstance(value, list):
            return [self.take(item, at=f"{at}/{index}") for index, item in enumerate(value)]
        if not is_asset(value):
            return value
        file_id = self._file(value["asset"]) if value["asset"] in self._names else None
        if file_id is None:
            self.missing.append(at)
        return {"fileId": file_id}

    def _file(self, name: str) -> str | None:
        asset = TemplateAsset.objects.filter(version_id=self._version_id, name=name).first()
        place = asset.storage_key if asset else asset_digest(LIBRARY, name)
        if not place:
            return None
        known = f"example-file:{self._workspace_id}:{place}"
        file_id = cast(str | None, cache.get(known))
        if file_id is None or not self._is_there(file_id):
            with open_stored(asset.storage_key) if asset else (LIBRARY / name).open("rb") as file:
                file_id = self._import(file)
            cache.set(known, file_id, REMEMBERED_S)
        return file_id

    def _is_there(self, file_id: str) -> bool:
        try:
            get_file_ref(self._workspace_id, file_id)
        except (NotFound, Gone):
            return False
        return True

    def _import(self, file: IO[bytes]) -> str:
        return take_stream(workspace_id=self._workspace_id, stream=file, clock=self._clock).id


def is_asset(value: object) -> bool:
    """Say whether an input is a file of an example."""
    return (
        isinstance(value, Mapping) and value.keys() == {"asset"} and isinstance(value["asset"], str)
    )


def _names_of(version: VersionView) -> Iterator[str]:
    for example in version.examples:
        yield from assets_in(dict(example.given))
