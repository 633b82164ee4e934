"""`/files`: uploads, and files as the API shows them."""

from typing import Any, ClassVar, cast

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import InvalidInputs, Issue
from common.http.drf import ApiView
from common.http.openapi import KEY_PROBLEMS, problems
from executor.http import schemas
from executor.http.caller import caller_of
from executor.http.openapi import UPLOAD_BODY
from executor.http.upload import FIELD, received_file
from executor.media.errors import MediaRejected
from executor.selectors.files import get_file
from executor.selectors.links import media_url
from executor.services.files import delete_file, file_ref, take_upload
from executor.types import FileRef

_ITEM_CODES = {"timed_out": "undecodable"}  # too slow to decode is no code of the API's


class FileListView(ApiView):
    """The workspace's files."""

    scopes: ClassVar = {"POST": "execute"}
    idempotency: ClassVar = "streamed"

    @extend_schema(
        operation_id="uploadFile",
        summary="Upload a file",
        request=UPLOAD_BODY,
        responses={
            201: schemas.StoredFile,
            **problems(400, *KEY_PROBLEMS, 413, 415, 422, 503),
        },
    )
    def post(self, request: Request) -> Response:
        """Check, re-encode and keep a file; it is told by its bytes, never by its name."""
        workspace_id = caller_of(request).workspace_id
        with received_file(cast(HttpRequest, request)) as received:
            if self.once is not None:
                self.once.identify(received.as_told())
            try:
                stored = take_upload(
                    workspace_id=workspace_id,
                    source=received.path,
                    on_store=lambda file: self.keep(_stored(file)),
                )
            except MediaRejected as error:
                raise rejected_file(error) from error
        return _stored(stored)


class FileView(ApiView):
    """One file."""

    scopes: ClassVar = {"GET": "read", "DELETE": "execute"}

    @extend_schema(
        operation_id="getFile",
        summary="Read a file's record",
        responses={200: schemas.StoredFile, **problems(*KEY_PROBLEMS, 404, 410)},
    )
    def get(self, request: Request, file_id: str) -> Response:
        """Return what the file is and where its bytes are."""
        row = get_file(caller_of(request).workspace_id, file_id)
        return Response(file_json(file_ref(row)))

    @extend_schema(
        operation_id="deleteFile",
        summary="Delete a file",
        responses={204: None, **problems(*KEY_PROBLEMS, 404)},
    )
    def delete(self, request: Request, file_id: str) -> Response:
        """Delete the file; its id and its link answer 410 from now on."""
        delete_file(workspace_id=caller_of(request).workspace_id, file_id=file_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def rejected_file(error: MediaRejected) -> InvalidInputs:
    """Return the refusal of an upload that cannot be taken."""
    code = _ITEM_CODES.get(error.code, error.code)
    return InvalidInputs([Issue(f"/{FIELD}", code, error.detail)])


def _stored(file: FileRef) -> Response:
    headers = {"Location": f"/api/v1/files/{file.id}"}
    return Response(file_json(file), status=status.HTTP_201_CREATED, headers=headers)


def file_json(file: FileRef) -> dict[str, Any]:
    """Return a file as the API shows it; what is not known of it is left out."""
    shown = {
        "id": file.id,
        "url": media_url(file.id),
        "kind": file.kind,
        "contentType": file.content_type,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "width": file.width,
        "height": file.height,
        "durationS": file.duration_s,
    }
    return {name: value for name, value in shown.items() if value is not None}
