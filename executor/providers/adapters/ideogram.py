"""Ideogram: pictures with text in them, answered at once."""

from collections.abc import Mapping
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_text,
    get_any,
    get_list,
    get_number,
    get_str,
    known,
    need_list,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    InputFile,
    KeyCheck,
    OutcomeClass,
    Request,
    ResultFile,
)
from executor.providers.errors import ContentRefused, ProviderError, Unanswered
from executor.providers.forms import form_of
from executor.providers.masks import inverted
from executor.providers.transport import Rejection

MAX_FILE_BYTES = 10_000_000  # JPEG, PNG and WebP of up to 10 MB (provider page)

_MASK = "mask"


class IdeogramAdapter(HttpAdapter):
    """Ideogram, by the provider page of 2026-11-21 and the OpenAPI document of 2026-06-17.

    `model` is the path (`v1/ideogram-v3/generate`, `upscale`, `describe`); the body goes as a form,
    an object in it (`image_request`, `color_palette`) as JSON. Media go under the names of the form
    (`image`, `image_file`, `images[]`, `style_reference_images[]`); `mask` is sent inverted, since
    Ideogram changes what is black. It answers at once and knows no reference of ours: class D.
    """

    name = "ideogram"
    outcome_class = OutcomeClass.D
    submit_timeout_s = 180.0

    def key_headers(self) -> Mapping[str, str]:
        """Return the header of the key."""
        return {"Api-Key": self.account.key}

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Read 422, which means a safety check and nothing else here."""
        said = rejection.json()
        match rejection.status:
            case 422:
                return ContentRefused()
            case 400 | 413:
                words = get_any(said, "error") or get_any(said, "message")
                return ProviderError(provider_words(words), code="invalid_value")
        return None

    async def submit(
        self,
        request: Request,
        correlation: Correlation,  # noqa: ARG002
    ) -> Done:
        """Ask for pictures, or for words about one, and take them from the answer."""
        form = await form_of(_with_their_masks(request), max_file_bytes=MAX_FILE_BYTES)
        reply = await self.ask(
            "POST", f"/{request.call.model}", form=form, timeout_s=self.submit_timeout_s
        )
        answer = reply.json()
        if get_list(answer, "descriptions"):
            return Done(_words(answer))
        return Done(_pictures(answer))

    async def check(self) -> KeyCheck:
        """Ask for the credits that are left."""
        answer = (await self.ask("GET", "/manage/api/credits")).json()
        amount = get_number(answer, "available_credits", "amount")
        currency = get_str(answer, "available_credits", "currency_code") or ""
        need_str(answer, "total_spend", "currency_code")
        return KeyCheck(None if amount is None else f"{amount:g} {currency[:8]}".strip())


def _with_their_masks(request: Request) -> Request:
    files: dict[str, list[InputFile]] = {
        name: [inverted(file) for file in given] if name == _MASK else list(given)
        for name, given in request.files.items()
    }
    return Request(request.call, files)


def _words(answer: Any) -> Answer:
    texts = [get_str(one, "text") for one in need_list(answer, "descriptions")]
    text = "\n\n".join(text for text in texts if text)
    if not text:
        raise Unanswered("the answer has no description")
    return Answer({"text": clean_text(text)})


def _pictures(answer: Any) -> Answer:
    """Return the safe pictures.

    Raises:
        ContentRefused: none is safe.
        Unanswered: it cannot be understood.
    """
    found = get_list(answer, "data") or [answer]
    files = tuple(file for one in found for file in _files(one))
    if not files and any(get_any(one, "is_image_safe") is False for one in found):
        raise ContentRefused
    if not files:
        raise Unanswered("the answer has no picture")
    return Answer(known({"seed": get_number(found[0], "seed")}), files)


def _files(one: Any) -> list[ResultFile]:
    """Return the picture, and of one that was taken apart the layer without text."""
    url = get_str(one, "url") or get_str(one, "base_image_url")
    is_safe = get_any(one, "is_image_safe") is not False
    return [ResultFile("image", url=url)] if url and is_safe else []
