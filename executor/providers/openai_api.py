"""What OpenAI and the servers that speak like it have in common: pictures, sound, vectors, verdicts.

Source: the stored page of OpenAI and the source of PyPI `openai` 3.52.0 (resources/images.py,
resources/audio/, types/create_embedding_response.py, types/moderation.py), read 2026-11-21.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from PIL import Image

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_json,
    clean_text,
    get_any,
    get_dict,
    get_list,
    get_number,
    get_str,
    image_in,
    known,
    need_dict,
    need_list,
    need_numbers,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    InputFile,
    KeyCheck,
    Request,
)
from executor.providers.compose import as_data_uri, read_bytes
from executor.providers.errors import AccountBlocked, ContentRefused, ProviderError, Unanswered
from executor.providers.forms import file_part, text_parts
from executor.providers.outputs import sound_in
from executor.providers.transport import FormField, Rejection, Reply
from workflows.catalogue.wire import LIST_MARK

MAX_IMAGE_BYTES = 50_000_000  # of a picture to edit: below 50 MB each
MAX_AUDIO_BYTES = 25_000_000  # of a recording; from OpenAI's guides, the page has none
MASK = "mask"

# `code` of an error, also of a response that failed (types/responses/response_error.py).
_REFUSALS = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "image_content_policy_violation",
        "content_filter",
        "invalid_prompt",
        "bio_policy",
        "cyber_policy",
    }
)
_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_INVALID = (400, 404, 409, 413, 415, 422)

Verb = Callable[[Request], Awaitable[Answer]]


class OpenAiApi(HttpAdapter):
    """Base of the two adapters. All is synchronous and nothing can be looked up: class D.

    Bodies of model files have the names of OpenAI's documents. Media: `mask` is a mask (white is
    what to paint anew), all else is in its order what a task works on: pictures or a recording.
    """

    # Pictures take up to three minutes, says the page; hard questions longer. The package's own.
    submit_timeout_s: ClassVar[float] = 600.0

    def verbs(self) -> Mapping[str, Verb]:
        """Return what is done for each operation."""
        return {
            "text-to-image": self._make_images,
            "image-to-image": self._edit_images,
            "image-edit": self._edit_images,
            "inpaint": self._edit_images,
            "style-transfer": self._edit_images,
            "text-to-speech": self._speak,
            "speech-to-text": self._transcribe,
            "embedding": self._embed,
            "moderation": self._moderate,
        }

    async def submit(self, request: Request, correlation: Correlation) -> Done:  # noqa: ARG002
        """Ask, and wait for the answer."""
        verb = self.verbs().get(request.call.operation)
        if verb is None:
            raise ProviderError("This provider cannot do this.", code="invalid_value")
        return Done(await verb(request))

    async def check(self) -> KeyCheck:
        """List the models, which costs nothing."""
        need_list_or_empty((await self.ask("GET", "/models")).json(), "data")
        return KeyCheck()

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Tell refused content and lacking money apart, and pass the words on for bad inputs."""
        error = get_dict(rejection.json(), "error")
        codes = {get_str(error, "code"), get_str(error, "type")}
        if codes & _NO_MONEY:
            return AccountBlocked()
        if codes & _REFUSALS and rejection.status < 500:
            return ContentRefused()
        if rejection.status in _INVALID:
            return ProviderError(provider_words(error.get("message")), code="invalid_value")
        return None

    async def post(
        self, path: str, *, body: Any = None, form: list[FormField] | None = None
    ) -> Reply:
        """Send a submit."""
        return await self.ask("POST", path, body=body, form=form, timeout_s=self.submit_timeout_s)

    async def _make_images(self, request: Request) -> Answer:
        return images_in((await self.post("/images/generations", body=named(request))).json())

    async def _edit_images(self, request: Request) -> Answer:
        form = text_parts(named(request), list_mark=LIST_MARK)
        pictures = [file for name, files in request.files.items() if name != MASK for file in files]
        place = "image" if len(pictures) == 1 else f"image{LIST_MARK}"
        for file in pictures:
            form.append(await file_part(place, file, max_bytes=MAX_IMAGE_BYTES, stem="image"))
        for mask in request.files.get(MASK, ())[:1]:
            form.append(FormField(MASK, await see_through(mask), "mask.png", "image/png"))
        return images_in((await self.post("/images/edits", form=form)).json())

    async def _speak(self, request: Request) -> Answer:
        reply = await self.post("/audio/speech", body=named(request))
        said = request.call.body.get("input")
        characters = len(said) if isinstance(said, str) else None
        return Answer({"usage": known({"characters": characters})}, (sound_in(reply),))

    async def _transcribe(self, request: Request) -> Answer:
        form = text_parts(named(request), list_mark=LIST_MARK)
        recordings = [file for files in request.files.values() for file in files]
        for file in recordings[:1]:
            form.append(await file_part("file", file, max_bytes=MAX_AUDIO_BYTES))
        return transcript_in((await self.post("/audio/transcriptions", form=form)).json())

    async def _embed(self, request: Request) -> Answer:
        body = {"encoding_format": "float", **named(request)}
        return vectors_in((await self.post("/embeddings", body=body)).json(), body.get("input"))

    async def _moderate(self, request: Request) -> Answer:
        body = named(request)
        pictures = [await as_data_uri(file) for files in request.files.values() for file in files]
        if pictures:
            text = body.get("input")
            words = [{"type": "text", "text": text}] if text else []
            images = [{"type": "image_url", "image_url": {"url": url}} for url in pictures]
            body["input"] = words + images
        return verdict_in((await self.post("/moderations", body=body)).json())


def named(request: Request) -> dict[str, Any]:
    """Return a call's body with its model; one that the body names comes first."""
    return {"model": request.call.model, **request.call.body}


async def see_through(mask: InputFile) -> bytes:
    """Return a mask as OpenAI wants it: a PNG that is transparent where ours is white.

    Raises:
        ProviderError: it is no picture that can be read.
    """
    content = await read_bytes(mask)
    try:
        return await asyncio.to_thread(_see_through, content)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise ProviderError("The mask cannot be read.", code="invalid_value") from None


def _see_through(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "TIFF")) as picture:
        alpha = picture.convert("L").point(lambda white: 255 - white)
    result = Image.new("RGBA", alpha.size)
    result.putalpha(alpha)
    buffer = io.BytesIO()
    result.save(buffer, "PNG")
    return buffer.getvalue()


def images_in(answer: Any) -> Answer:
    """Return the pictures of an answer: in base64, or behind URLs."""
    files = tuple(image_in(item) for item in need_list(answer, "data"))
    return Answer({"usage": usage_in(answer)}, files)


def usage_in(answer: Any) -> dict[str, int | float]:
    """Return the tokens that an answer says it took, by either of OpenAI's names."""
    usage = get_dict(answer, "usage")
    given = {
        "input_tokens": get_number(usage, "input_tokens"),
        "output_tokens": get_number(usage, "output_tokens"),
        "text_tokens": get_number(usage, "input_tokens_details", "text_tokens"),
        "image_tokens": get_number(usage, "input_tokens_details", "image_tokens"),
        "seconds": get_number(usage, "seconds"),
    }
    older = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
    for name, old_name in older.items():
        if given[name] is None:
            given[name] = get_number(usage, old_name)
    return known(given)


def transcript_in(answer: Any) -> Answer:
    """Return what was said, which may be nothing, and when."""
    text = need_dict(answer).get("text")
    if not isinstance(text, str):
        raise Unanswered("the answer has no text")
    usage = usage_in(answer)
    seconds = get_number(answer, "duration")
    if seconds is not None:
        usage.setdefault("seconds", seconds)
    details = _spans(answer, "segments", "text") or _spans(answer, "words", "word")
    return Answer(known({"text": clean_text(text), "json": details or None, "usage": usage}))


def _spans(answer: Any, name: str, word: str) -> list[dict[str, Any]]:
    return [
        known(
            {
                "text": get_str(span, word),
                "start": get_number(span, "start"),
                "end": get_number(span, "end"),
                "speaker": get_str(span, "speaker"),
            }
        )
        for span in get_list(answer, name)
        if isinstance(span, dict)
    ]


def vectors_in(answer: Any, asked: Any) -> Answer:
    """Return the vector of a text, or of a list of texts the list of theirs."""
    vectors = [need_numbers(item, "embedding") for item in need_list(answer, "data")]
    is_list = isinstance(asked, list)
    return Answer({"json": vectors if is_list else vectors[0], "usage": usage_in(answer)})


def verdict_in(answer: Any) -> Answer:
    """Return whether something is against the rules, and against which."""
    verdict = need_dict(need_list(answer, "results")[0])
    flagged = verdict.get("flagged")
    if not isinstance(flagged, bool):
        raise Unanswered("the answer has no verdict")
    details = {
        "flagged": flagged,
        "categories": clean_json(get_dict(verdict, "categories")),
        "scores": clean_json(get_dict(verdict, "category_scores")),
    }
    return Answer({"json": details})


def need_list_or_empty(value: Any, *place: str) -> list[Any]:
    """Return the list at a place, which may be empty.

    Raises:
        Unanswered: there is none.
    """
    found = get_any(value, *place)
    if not isinstance(found, list):
        raise Unanswered("the answer has no list")
    return found


def error_named(code: str | None, message: str | None) -> ProviderError:
    """Return the error of an answer of 200 that names a code."""
    if code in _REFUSALS:
        return ContentRefused()
    if code in _NO_MONEY:
        return AccountBlocked()
    if code in (None, "server_error", "vector_store_timeout"):
        return ProviderError("The provider broke.", retryable=True)
    return ProviderError(provider_words(message, "The provider could not do this."))
