"""The walls that the child puts around itself before it reads a byte of anybody's.

None of it is undone: no new privileges, death with the parent, a network of its own with nothing in
it, and an audit hook that refuses sockets, processes and writing anywhere but to the one target.
Code that breaks out of the interpreter passes the hook, not the rest, and the parent's limits and
timeout hold for it too.
"""

import ctypes
import os
import resource
import signal
import sys
from typing import Any, NamedTuple

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_REFUSED_EVENTS = (
    *("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("pty.", "ctypes.", "os.kill", "os.link", "os.symlink", "os.rename", "os.remove", "os.chmod"),
    *("os.mkdir", "os.rmdir", "os.truncate", "shutil.", "urllib.", "webbrowser."),
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class ChildLimits(NamedTuple):
    """What the kernel allows one child: bytes of memory and of one file, seconds of work, files."""

    memory_bytes: int = 2 * 1024**3
    cpu_s: int = 120
    file_bytes: int = 600 * 1024**2
    open_files: int = 64

    def by_resource(self) -> dict[int, int]:
        """Return the limits under the names of `resource`; no core is ever written."""
        return {
            resource.RLIMIT_AS: self.memory_bytes,
            resource.RLIMIT_CPU: self.cpu_s,
            resource.RLIMIT_FSIZE: self.file_bytes,
            resource.RLIMIT_NOFILE: self.open_files,
            resource.RLIMIT_CORE: 0,
        }


class WriteGate:
    """The one path that may be opened for writing; none before it is set."""

    def __init__(self) -> None:
        self.target: str | None = None


def confine(parent_pid: int, gate: WriteGate) -> None:
    """Put up the walls; `parent_pid` is who this process dies with.

    Raises:
        OSError: the kernel refuses to take privileges away.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    # Where neither is allowed the audit hook is what refuses sockets.
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    # After the namespaces: the kernel forgets this signal when credentials change.
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "pdeathsig")
    if os.getppid() != parent_pid:
        sys.exit(1)
    sys.dont_write_bytecode = True
    sys.addaudithook(_hook(gate))


def _hook(gate: WriteGate) -> Any:
    """Return the audit hook. It is called for every event, so it looks at two things only."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if _is_writing(mode, flags) and path != gate.target:
                raise PermissionError("A decoder may write its target only.")
        elif event.startswith(_REFUSED_EVENTS):
            raise PermissionError(f"A decoder may not use {event}.")

    return refuse


def _is_writing(mode: str | None, flags: int | None) -> bool:
    if mode is not None:
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & _WRITES)
