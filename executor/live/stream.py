"""A run's events as they come, for one follower: what sockets and event streams both send."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from executor.errors import FollowedTooLong
from executor.live.news import Watch
from executor.selectors.following import Frame, Start, in_reader

# When to come back, in milliseconds: apart from each other, also when a deploy cuts all off at once.
RETRY_MS = (1_000, 5_000)


@dataclass(frozen=True, slots=True)
class Times:
    """How long things may last for one follower, in seconds.

    Who signed out, was removed or lost the key is cut off after `admit_again_s` at most. A follower
    that takes nothing for `send_s` is too slow. `beat_s` is how long a stream may be silent.
    """

    admit_again_s: float = 50.0
    send_s: float = 10.0
    beat_s: float = 15.0
    lifetime_s: float = 12 * 60 * 60.0


USUAL_TIMES = Times()


async def stream(
    watch: Watch, start: Start, *, check: Callable[[], None], times: Times = USUAL_TIMES
) -> AsyncGenerator[Frame | None, None]:
    """Yield the snapshot if there is one, and every event once, up to the last one of the run.

    None stands for a while in which nothing happened. `check` is called in a reader thread now and
    then, and raises what is to end the stream.

    Raises:
        FollowedTooLong: it has lasted for `lifetime_s`.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + times.lifetime_s
    # Streams that were opened together must not all be checked at once, for ever after.
    check_at = loop.time() + times.admit_again_s * random.uniform(0.5, 1)  # noqa: S311
    if start.snapshot is not None:
        yield Frame(start.seq, "snapshot", start.snapshot)
    seq, beat_at = start.seq, loop.time() + times.beat_s
    while True:
        frames = await watch.feed.after(seq)
        for frame in frames:
            yield frame
            seq, beat_at = frame.seq, loop.time() + times.beat_s
            if frame.is_final:
                return
        if start.is_over and not frames:
            return
        if not frames:
            await watch.wait(min(beat_at, check_at, ends_at) - loop.time())
        now = loop.time()
        if now >= ends_at:
            raise FollowedTooLong
        if now >= check_at:
            await in_reader(check)
            check_at = now + times.admit_again_s
        if now >= beat_at:
            yield None
            beat_at = now + times.beat_s


def retry_ms() -> int:
    """Return in how many milliseconds somebody who is cut off should come back."""
    return random.randint(*RETRY_MS)  # noqa: S311 - spreads load, guards nothing
