"""ElevenLabs: speech, other voices, sounds, music, transcripts, dubbing.

Source: the stored page of ElevenLabs and PyPI `elevenlabs` 2.78.0 (raw_client.py of each part),
read 2026-11-21.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    clean_text,
    get_any,
    get_list,
    get_number,
    get_str,
    known,
    need_dict,
    need_str,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    Failed,
    Handle,
    KeyCheck,
    Request,
    ResultFile,
    Running,
    Submitted,
)
from executor.providers.errors import AccountBlocked, ContentRefused, ProviderError, Unanswered
from executor.providers.forms import file_part, text_parts
from executor.providers.jobs import need_id
from executor.providers.outputs import sound_in
from executor.providers.transport import FormField, Rejection, Reply

# The page has no limit. All of it is held in memory, so this is the largest recording that is stored.
MAX_FILE_BYTES = 105_000_000

Verb = Callable[[Request, dict[str, Any]], Awaitable[Submitted | Done]]

# `detail.status` of an error, whatever its HTTP status is: a quota comes with 401 as well as 400.
_BLOCKED = frozenset(
    {"quota_exceeded", "invalid_api_key", "missing_permissions", "detected_unusual_activity"}
)
_INVALID = (400, 404, 409, 413, 422)
_TIER = re.compile("plan|subscription|tier|free_users|not_allowed")


class ElevenLabsAdapter(HttpAdapter):
    """ElevenLabs. All but dubbing answers with the sound itself, and nothing can be looked up.

    Operations beside the tasks: `audio-isolation` and `dubbing`. Body names of model files are those
    of the documents, but for `voice`, the id of a well-known voice, which goes into the path unless
    `voice_id` names another one, and `duration`, the seconds of music. `output_format` goes into the
    query. The one file is a recording; for dubbing it may be a film.
    """

    name: ClassVar[str] = "elevenlabs"
    submit_timeout_s: ClassVar[float] = 300.0  # ten minutes of music take their time
    max_answer_bytes: ClassVar[int] = MAX_FILE_BYTES  # 36 minutes of speech as `wav_24000`

    def key_headers(self) -> Mapping[str, str]:
        """Return the key's header."""
        return {"xi-api-key": self.account.key}

    async def submit(self, request: Request, correlation: Correlation) -> Submitted | Done:  # noqa: ARG002
        """Ask, and wait for the sound; of dubbing only for its id."""
        verbs: Mapping[str, Verb] = {
            "text-to-speech": self._speak,
            "speech-to-speech": self._change_voice,
            "sound-effect": self._make_sound,
            "music": self._make_music,
            "speech-to-text": self._transcribe,
            "audio-isolation": self._isolate,
            "dubbing": self._dub,
        }
        verb = verbs.get(request.call.operation)
        if verb is None:
            raise ProviderError("This provider cannot do this.", code="invalid_value")
        return await verb(request, dict(request.call.body))

    async def poll(self, handle: Handle) -> Running | Done | Failed:
        """Ask how a dubbing stands."""
        path = f"/v1/dubbing/{quote(str(handle['job']), safe='')}"
        answer = (await self.ask("GET", path)).json()
        match need_str(answer, "status"):
            case "dubbed":
                url = f"{self.account.base_url}{path}/audio/{quote(str(handle['lang']), safe='')}"
                seconds = get_number(answer, "media_metadata", "duration")
                files = (ResultFile("audio", url=url, needs_key=True),)
                return Done(Answer({"usage": known({"seconds": seconds})}, files))
            case "failed":
                return Failed(ProviderError(provider_words(answer.get("error"), "It failed.")))
        return Running()

    async def check(self) -> KeyCheck:
        """Ask who we are, and how many characters are left."""
        answer = (await self.ask("GET", "/v1/user")).json()
        plan = need_dict(answer, "subscription")
        used, limit = get_number(plan, "character_count"), get_number(plan, "character_limit")
        has_both = used is not None and limit is not None
        return KeyCheck(f"{used} of {limit} characters used" if has_both else None)

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Return what the code of an error says."""
        answer = rejection.json()
        code = get_str(answer, "detail", "status") or get_str(answer, "detail", "code") or ""
        if code in _BLOCKED:
            return AccountBlocked()
        if rejection.status in (400, 403, 422) and ("policy" in code or "prompt" in code):
            return ContentRefused()
        if rejection.status in _INVALID or _is_about_wish(rejection.status, code):
            return ProviderError(provider_words(_message(answer)), code="invalid_value")
        return None

    async def _speak(self, request: Request, body: dict[str, Any]) -> Done:
        path = f"/v1/text-to-speech/{_voice(body)}"
        return await self._sound(path, {"model_id": request.call.model, **body}, body.get("text"))

    async def _make_sound(self, request: Request, body: dict[str, Any]) -> Done:
        return await self._sound("/v1/sound-generation", {"model_id": request.call.model, **body})

    async def _make_music(self, request: Request, body: dict[str, Any]) -> Done:
        seconds = body.pop("duration", None)
        length = known({"music_length_ms": None if seconds is None else round(seconds * 1000)})
        return await self._sound("/v1/music", {"model_id": request.call.model, **body, **length})

    async def _change_voice(self, request: Request, body: dict[str, Any]) -> Done:
        path = f"/v1/voice-changer/{_voice(body)}" + _query(body)
        form = [
            *text_parts({"model_id": request.call.model, **body}),
            await _file("audio", request),
        ]
        return _sound_in(await self._post(path, form=form))

    async def _isolate(self, request: Request, body: dict[str, Any]) -> Done:
        form = [*text_parts(body), await _file("audio", request)]
        return _sound_in(await self._post("/v1/audio-isolation", form=form))

    async def _transcribe(self, request: Request, body: dict[str, Any]) -> Done:
        form = [*text_parts({"model_id": request.call.model, **body}), await _file("file", request)]
        return Done(_transcript_in((await self._post("/v1/speech-to-text", form=form)).json()))

    async def _dub(self, request: Request, body: dict[str, Any]) -> Submitted:
        form = [*text_parts(body), await _file("file", request)]
        answer = (await self._post("/v1/dubbing", form=form)).json()
        return Submitted({"job": need_id(answer, "dubbing_id"), "lang": body.get("target_lang")})

    async def _sound(self, path: str, body: dict[str, Any], text: Any = None) -> Done:
        characters = len(text) if isinstance(text, str) else None
        path += _query(body)
        return _sound_in(await self._post(path, body=body), known({"characters": characters}))

    async def _post(self, path: str, *, body: Any = None, form: Any = None) -> Reply:
        return await self.ask("POST", path, body=body, form=form, timeout_s=self.submit_timeout_s)


def _is_about_wish(status: int, code: str) -> bool:
    """Say whether a refusal is about what was asked for: a voice or format beyond the account's plan.

    Others that ask for less are served all the same, so it is no matter of the whole account.
    """
    return (status == 403 and code != "") or (status in (401, 402) and bool(_TIER.search(code)))


def _voice(body: dict[str, Any]) -> str:
    """Take the voice out of a body, as a part of a path.

    Raises:
        ProviderError: it is not in it.
    """
    usual, own = body.pop("voice", None), body.pop("voice_id", None)
    voice = own or usual
    if not isinstance(voice, str) or not voice:
        raise ProviderError("The voice is missing.", code="invalid_value")
    return quote(voice, safe="")


def _query(body: dict[str, Any]) -> str:
    """Take the query out of a body."""
    output_format = body.pop("output_format", None)
    return "" if output_format is None else "?" + urlencode({"output_format": output_format})


async def _file(name: str, request: Request) -> FormField:
    """Return the call's file.

    Raises:
        ProviderError: it has none, or one that is too large.
    """
    for file in (file for files in request.files.values() for file in files):
        return await file_part(name, file, max_bytes=MAX_FILE_BYTES)
    raise ProviderError("The file is missing.", code="invalid_value")


def _sound_in(reply: Reply, usage: Mapping[str, Any] | None = None) -> Done:
    return Done(Answer({"usage": dict(usage or {})}, (sound_in(reply),)))


def _transcript_in(answer: Any) -> Answer:
    """Return what was said, which may be nothing, and when each word of it."""
    text = get_any(answer, "text")
    if not isinstance(text, str):
        raise Unanswered("the answer has no text")
    words = [
        known(
            {
                "text": get_str(word, "text"),
                "start": get_number(word, "start"),
                "end": get_number(word, "end"),
                "speaker": get_str(word, "speaker_id"),
            }
        )
        for word in get_list(answer, "words")
        if get_str(word, "type") != "spacing"
    ]
    seconds = get_number(answer, "audio_duration_secs")
    usage = known({"seconds": seconds})
    return Answer(known({"text": clean_text(text), "json": words or None, "usage": usage}))


def _message(answer: Any) -> str | None:
    """Return an error's words: one text, or the first of a list with the field that it is about."""
    said = get_str(answer, "detail", "message") or get_str(answer, "detail")
    if said is None and (said := get_str(answer, "detail", 0, "msg")):
        place = get_list(answer, "detail", 0, "loc")
        said = f"{place[-1]}: {said}" if place else said
    return said
