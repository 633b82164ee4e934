"""What is found out once about a request, though several ask for it."""

from collections.abc import Callable
from typing import Any, TypeVar

from common.errors import PixelFlowError

Answer = TypeVar("Answer")


def ask_once(request: Any, name: str, ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` returned, or raise what it raised, when it was asked first.

    What is not an error of ours is not kept: the next one asks again.
    """
    known: tuple[Answer | None, PixelFlowError | None] | None
    known = getattr(request, f"_asked_{name}", None)
    if known is None:
        try:
            known = ask(), None
        except PixelFlowError as error:
            known = None, error
        setattr(request, f"_asked_{name}", known)
    answer, refusal = known
    if refusal is not None:
        raise refusal
    return answer  # type: ignore[return-value] # without an error there is one
