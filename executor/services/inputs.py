"""The inputs of a run: media looked up, data URIs taken in, URLs checked and left to a worker."""

import base64
import binascii
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import InvalidInputs, Issue, PixelFlowError, UnsupportedMediaType
from common.fetch import UrlNotAllowed, check_url
from executor import conf
from executor.engine.codec import encode
from executor.media.errors import MediaRejected
from executor.models import File
from executor.services.files import file_kind, find_files, import_media, media_of
from workflows.api import Interface, check_inputs
from workflows.catalogue.ports import element_of, is_list, is_media
from workflows.catalogue.values import Media


class InputReader:
    """Turns the inputs of one execute call into stored forms; made for it and thrown away.

    `files` are rows to insert with the execution (from data URIs). A URL becomes `{"u": …}`, which
    a worker fetches before the run begins; without `imports` a data URI becomes one as well.
    """

    def __init__(
        self, workspace_id: str, clock: Clock = SYSTEM_CLOCK, *, imports: bool = True
    ) -> None:
        self.imports = imports
        self.workspace_id = workspace_id
        self.clock = clock
        self.files: list[File] = []
        self.issues: list[Issue] = []
        self.known: Mapping[str, File] = {}

    def read(self, interface: Interface, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored form of every input by name.

        Raises:
            InvalidInputs: with an issue for each thing that is wrong.
        """
        values, self.issues = check_inputs(interface, given)
        if self.issues:
            raise InvalidInputs(self.issues)
        kinds = {field.name: field.kind for field in interface.inputs}
        self.known = self._look_up(kinds, values)
        forms = {
            name: self._form(kinds[name], value, f"/inputs/{name}")
            for name, value in values.items()
        }
        if self.issues:
            raise InvalidInputs(self.issues)
        return forms

    def _look_up(self, kinds: Mapping[str, str], values: Mapping[str, Any]) -> Mapping[str, File]:
        """Find all files that the inputs name, in one query."""
        ids = [
            item["fileId"]
            for name, value in values.items()
            if is_media(_base_kind(kinds[name]))
            for item in _leaves(value)
            if isinstance(item, dict) and "fileId" in item
        ]
        return find_files(self.workspace_id, ids) if ids else {}

    def _form(self, kind: str, value: Any, at: str) -> Any:
        if value is None or not is_media(_base_kind(kind)):
            return encode(value)
        if is_list(kind):
            items = [
                self._form(element_of(kind), item, f"{at}/{index}")
                for index, item in enumerate(value)
            ]
            return {"l": items}
        return self._media_form(kind, value, at)

    def _media_form(self, kind: str, value: Any, at: str) -> Any:
        if isinstance(value, str) and not self.imports:
            return {"u": {"url": "data:", "kind": kind}}
        if isinstance(value, str):
            return self._encoded(self._from_data_uri(kind, value, at))
        if "url" in value:
            return self._checked_url(kind, value["url"], at)
        row = self.known.get(value["fileId"])
        if row is None:
            self.issues.append(Issue(at, "not_found", "There is no such file."))
            return None
        return self._encoded(self._fitting(row, kind, at))

    def _fitting(self, row: File, kind: str, at: str) -> Media | None:
        if row.kind != file_kind(kind):
            self.issues.append(Issue(at, "wrong_kind", f"This file is of kind {row.kind}."))
            return None
        return media_of(row, kind)

    def _from_data_uri(self, kind: str, uri: str, at: str) -> Media | None:
        try:
            data = _data_of(uri)
        except ValueError:
            self.issues.append(Issue(at, "undecodable", "The data: URI cannot be read."))
            return None
        path = conf.temporary_dir() / f"inline-{secrets.token_hex(8)}"
        path.write_bytes(data)
        try:
            row = import_media(workspace_id=self.workspace_id, source=path, clock=self.clock)
        except (MediaRejected, UnsupportedMediaType) as error:
            self.issues.append(Issue(at, _item_code(error), error.detail))
            return None
        self.files.append(row)
        return self._fitting(row, kind, at)

    def _checked_url(self, kind: str, url: str, at: str) -> Any:
        try:
            check_url(url, allow=conf.fetch_policy())
        except UrlNotAllowed as error:
            self.issues.append(Issue(at, "url_not_allowed", error.detail))
            return None
        return {"u": {"url": url, "kind": kind}}

    def _encoded(self, media: Media | None) -> Any:
        return None if media is None else encode(media)


def pending_urls(forms: Mapping[str, Any]) -> list[str]:
    """Return the names of inputs that a worker has yet to fetch."""
    return [name for name, form in forms.items() if _is_pending(form)]


def _is_pending(form: Mapping[str, Any]) -> bool:
    if "l" in form:
        return any(item is not None and _is_pending(item) for item in form["l"])
    return "u" in form


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what lies in lists inside of lists, or the one value."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _base_kind(kind: str) -> str:
    while is_list(kind):
        kind = element_of(kind)
    return kind


def _data_of(uri: str) -> bytes:
    """Return the bytes of a `data:` URI.

    Raises:
        ValueError: it is not one.
    """
    head, comma, body = uri.partition(",")
    if not comma:
        raise ValueError("a data URI has a comma")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _item_code(error: PixelFlowError) -> str:
    return "undecodable" if isinstance(error, UnsupportedMediaType) else error.code
