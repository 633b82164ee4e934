"""`python -m tests.provider PORT`: the test provider as a process of its own; 0 takes a free port.

Says `provider PORT` once it listens.
"""

import asyncio
import sys

from tests.provider.server import Provider


async def main() -> None:
    """Serve until killed."""
    provider = Provider()
    await provider.start(int(sys.argv[1]))
    sys.stdout.write(f"provider {provider.port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main())
