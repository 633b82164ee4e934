"""What this machine computes on, in which numbers, and how much memory there is for weights."""

import gc
import os
from dataclasses import dataclass
from typing import Any

SHARE_OF_ACCELERATOR = 0.8  # of its memory: the rest is for what a step needs
SHARE_OF_HOST = 0.5


@dataclass(frozen=True, slots=True)
class Device:
    """A device: torch's name for it, its numbers, and bytes of memory."""

    name: str
    title: str
    dtype: Any
    memory: int

    @property
    def is_accelerator(self) -> bool:
        """Whether it is something else than the processor."""
        return self.name != "cpu"

    def default_budget(self) -> int:
        """Return how many bytes of weights may be resident where nobody says."""
        share = SHARE_OF_ACCELERATOR if self.is_accelerator else SHARE_OF_HOST
        return int(self.memory * share)

    def free_memory(self) -> int:
        """Return how many bytes are free now."""
        import torch  # noqa: PLC0415 - of the extra `local`

        if self.is_accelerator:
            return int(torch.cuda.mem_get_info(self.name)[0])
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def release(self) -> None:
        """Give back what nobody uses any more."""
        import torch  # noqa: PLC0415 - of the extra `local`

        gc.collect()
        if self.is_accelerator:
            torch.cuda.empty_cache()


def find_device(number: int = 0) -> Device:
    """Return an accelerator in half precision if there is one, else the processor."""
    import torch  # noqa: PLC0415 - of the extra `local`

    if not torch.cuda.is_available():
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return Device("cpu", "processor", torch.float32, memory)
    facts = torch.cuda.get_device_properties(number)
    dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return Device(f"cuda:{number}", facts.name, dtype, facts.total_memory)


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error of torch or Python means that memory was not enough."""
    import torch  # noqa: PLC0415 - of the extra `local`

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # The processor's allocator has no error class of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
