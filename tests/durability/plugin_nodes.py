"""Node types that behave badly, as a self-hoster's may: for `EXTRA_NODES`."""

import ctypes
import os
import signal
import time
from pathlib import Path

from workflows.catalogue.errors import NodeCancelled
from workflows.catalogue.node import Context, Inputs, Meta, Node, Outputs
from workflows.catalogue.params import param, port


class BadIn(Inputs):
    text: str = port("Text")
    seconds: float = param(1.0, title="Seconds", minimum=0, maximum=600)
    log: str = param("", title="File that each try adds its process to")


class BadOut(Outputs):
    text: str = port("Text")


def note(args: BadIn) -> None:
    """Write down that somebody works on this, for the test to read."""
    if args.log:
        with Path(args.log).open("a") as log:
            log.write(f"{os.getpid()}\n")


def pass_time(ctx: Context, args: BadIn) -> BadOut:
    """Take as long as is asked for, looking at the context."""
    note(args)
    until = time.monotonic() + args.seconds
    try:
        while time.monotonic() < until:
            ctx.check_cancelled()
            time.sleep(0.02)
    except NodeCancelled:
        with Path(f"{args.log}.cancelled").open("a") as log:
            log.write(f"{time.time()}\n")
        raise
    return BadOut(text=args.text)


class Deaf(Node[BadIn, BadOut]):
    """Sleeps, and never looks at its context."""

    meta = Meta(type="bad.deaf", title="Deaf", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        note(args)
        time.sleep(args.seconds)
        return BadOut(text=args.text)


class Polite(Node[BadIn, BadOut]):
    """Takes its time, and looks at its context."""

    meta = Meta(type="bad.polite", title="Polite", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        return pass_time(ctx, args)


class Brief(Node[BadIn, BadOut]):
    """Sleeps for a moment, and never looks; for mapping over many elements."""

    meta = Meta(type="bad.brief", title="Brief", description="d", category="c")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        note(args)
        time.sleep(args.seconds)
        return BadOut(text=args.text)


class PoliteInline(Node[BadIn, BadOut]):
    """The same, fused with its neighbours."""

    meta = Meta(type="bad.inline", title="Inline", description="d", category="c")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        return pass_time(ctx, args)


class Hog(Node[BadIn, BadOut]):
    """Keeps the interpreter to itself, as a C library may."""

    meta = Meta(type="bad.hog", title="Hog", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        note(args)
        ctypes.PyDLL(None).usleep(int(args.seconds * 1_000_000))
        return BadOut(text=args.text)


class Bomb(Node[BadIn, BadOut]):
    """Takes its worker down, as the kernel does when memory is short."""

    meta = Meta(type="bad.bomb", title="Bomb", description="d", category="c", cost="cpu")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        note(args)
        time.sleep(args.seconds)
        os.kill(os.getpid(), signal.SIGKILL)
        return BadOut(text=args.text)


class Flood(Node[BadIn, BadOut]):
    """Gives a text of 20 MB."""

    meta = Meta(type="bad.flood", title="Flood", description="d", category="c")

    async def run(self, ctx: Context, args: BadIn) -> BadOut:
        return BadOut(text="x" * 20_000_000)


NODES = (Deaf, Polite, Brief, PoliteInline, Hog, Bomb, Flood)
