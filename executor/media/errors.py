"""Errors of taking media in. A format that is not taken at all is `common.errors.UnsupportedMediaType`.

MediaError
└── MediaRejected   422  a format that is taken, in a file that is not
"""

from typing import Literal

from common.errors import PixelFlowError

RejectionCode = Literal["undecodable", "image_too_large", "timed_out"]


class MediaError(PixelFlowError):
    """Root of the family."""

    status = 422
    code = "undecodable"
    default_detail = "This file could not be read."


class MediaRejected(MediaError):
    """The file claims a format that is taken, and is damaged, too large or too slow to decode.

    `code` is the item code of API.md; `message` is fit to show to whoever sent the file.
    """

    def __init__(self, code: RejectionCode, message: str) -> None:
        self.message = message
        super().__init__(message, code=code)
