"""Recraft: pictures and what is done to them, answered at once."""

import re
from typing import Any

from executor.providers.adapter import HttpAdapter
from executor.providers.answers import (
    get_any,
    get_dict,
    get_list,
    get_number,
    get_str,
    image_in,
    known,
    need_number,
    provider_words,
)
from executor.providers.base import (
    Answer,
    Correlation,
    Done,
    KeyCheck,
    OutcomeClass,
    Request,
)
from executor.providers.errors import (
    AccountBlocked,
    ContentRefused,
    ProviderError,
    Unanswered,
)
from executor.providers.forms import form_of
from executor.providers.jobs import speaks_of_rules
from executor.providers.transport import Rejection

MAX_FILE_BYTES = 5_000_000  # of an input picture (recraft.ai/docs); others are refused there

_MONEY = re.compile(
    r"(not enough|insufficient|out of) (credits|funds|balance|units)", re.IGNORECASE
)


class RecraftAdapter(HttpAdapter):
    """Recraft, by the provider page of 2026-11-21 and the OpenAPI document of 2026-08-22.

    `model` is a model's id (`recraftv4`), asked for by `images/generations` with a JSON body, or
    the path of a tool (`images/inpaint`), whose body goes as a form with the files `image` and
    `mask`. It answers at once and knows no reference of ours: class D.
    """

    name = "recraft"
    outcome_class = OutcomeClass.D
    submit_timeout_s = 180.0  # the page allows 120 s

    def judge(self, rejection: Rejection) -> ProviderError | Unanswered | None:
        """Tell refused content and missing credits from other bad requests: all may be a 400."""
        if rejection.status not in (400, 403, 413, 422):
            return None
        said = rejection.json()
        words = f"{get_str(said, 'code') or ''} {get_str(said, 'message') or ''}"
        if _MONEY.search(words):
            return AccountBlocked()
        if speaks_of_rules(words):
            return ContentRefused()
        if rejection.status == 403:
            return None
        return ProviderError(provider_words(get_any(said, "message")), code="invalid_value")

    async def submit(
        self,
        request: Request,
        correlation: Correlation,  # noqa: ARG002
    ) -> Done:
        """Ask for pictures, and take them from the answer."""
        model = request.call.model
        if "/" in model:
            form = await form_of(request, max_file_bytes=MAX_FILE_BYTES)
            reply = await self.ask(
                "POST", f"/v1/{model}", form=form, timeout_s=self.submit_timeout_s
            )
        else:
            body = {**request.call.body, "model": model}
            reply = await self.ask(
                "POST", "/v1/images/generations", body=body, timeout_s=self.submit_timeout_s
            )
        return Done(_pictures(reply.json()))

    async def check(self) -> KeyCheck:
        """Ask who we are, and what credits are left."""
        left = need_number((await self.ask("GET", "/v1/users/me")).json(), "credits")
        return KeyCheck(f"{left:g} credits")


def _pictures(answer: Any) -> Answer:
    """Return the pictures: a list, or the one that a tool gives.

    Raises:
        Unanswered: there is none.
    """
    found = get_list(answer, "data") or [get_dict(answer, "image")]
    files = tuple(image_in(one) for one in found)
    return Answer(known({"credits": get_number(answer, "credits")}), files)
