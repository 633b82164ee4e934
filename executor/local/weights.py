"""Where weights lie, and which of them may be loaded: safetensors from this machine, never pickles.

A repository `owner/name` is looked for in the models' folder, as `owner/name` or `owner--name`, and
then in Hugging Face's cache. Only with `may_download` it is fetched.
"""

import fnmatch
import json
from dataclasses import dataclass
from pathlib import Path

from executor.local.types import ModelMissing

INDEXES = ("model_index.json", "config.json")
# Formats that run code when they are read, or may.
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5", "*.onnx", "*.py")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where this installation keeps weights. `folder` None: in Hugging Face's cache alone."""

    folder: Path | None
    may_download: bool = False

    def find(self, repository: str) -> Path | None:
        """Return the folder of a repository that is here; None for one that is not."""
        return self._in_folder(repository) or _in_cache(repository)

    def get(self, repository: str) -> Path:
        """Return the folder of a repository, fetched first if that is allowed.

        Raises:
            ModelMissing: it is not here and may or can not be fetched.
        """
        found = self.find(repository)
        if found is None and self.may_download:
            found = _download(repository)
        if found is None:
            raise ModelMissing(f"The weights of {repository} are not on this machine.")
        return found

    def list_here(self) -> list[str]:
        """Return the repositories whose weights are here, sorted."""
        return sorted({*self._names_in_folder(), *_names_in_cache()})

    def _in_folder(self, repository: str) -> Path | None:
        if self.folder is None:
            return None
        for name in (repository, repository.replace("/", "--")):
            path = self.folder / name
            if _is_repository(path):
                return path
        return None

    def _names_in_folder(self) -> list[str]:
        if self.folder is None or not self.folder.is_dir():
            return []
        top = [path for path in self.folder.iterdir() if path.is_dir()]
        flat = [path for path in top if "--" in path.name or _is_whole(path)]
        nested = [path for owner in top if owner not in flat for path in owner.iterdir()]
        return [
            *(path.name.replace("--", "/", 1) for path in flat if _is_repository(path)),
            *(f"{path.parent.name}/{path.name}" for path in nested if _is_repository(path)),
        ]


def check_folder(folder: Path, parts: tuple[str, ...] | None = None) -> None:
    """Check that everything of a repository that will be read is safetensors.

    `parts` are the subfolders that will be; None: those that `model_index.json` names.

    Raises:
        ModelMissing: some part's weights are there as pickles alone.
    """
    for part in _parts_of(folder) if parts is None else parts:
        here = folder / part
        files = [path.name for path in here.iterdir()] if here.is_dir() else []
        is_pickled = any(fnmatch.fnmatch(name, form) for form in PICKLES for name in files)
        if is_pickled and not any(name.endswith(".safetensors") for name in files):
            raise ModelMissing("The weights are not safetensors, and nothing else is loaded.")


def variant_of(folder: Path) -> str | None:
    """Return `fp16` for a repository whose weights are there in that variant alone."""
    names = [path.name for path in folder.rglob("*.safetensors")]
    has_plain = any(".fp16." not in name for name in names)
    return "fp16" if names and not has_plain else None


def size_of(folder: Path) -> int:
    """Return how many bytes of weights a repository has, the larger variant counted."""
    files = [path for path in folder.rglob("*.safetensors") if path.is_file()]
    plain = [path for path in files if ".fp16." not in path.name]
    return sum(path.stat().st_size for path in plain or files)


def _parts_of(folder: Path) -> tuple[str, ...]:
    index = folder / "model_index.json"
    if not index.is_file():
        return ("",)
    try:
        read = json.loads(index.read_text("utf-8"))
    except ValueError:
        raise ModelMissing("The repository's index cannot be read.") from None
    return tuple(name for name, value in read.items() if isinstance(value, list))


def _is_whole(path: Path) -> bool:
    """Say whether a folder is a repository by what lies directly in it."""
    return any((path / name).is_file() for name in INDEXES) or any(path.glob("*.safetensors"))


def _is_repository(path: Path) -> bool:
    """Say whether a folder is a repository, be it one that has nothing but folders of weights."""
    return _is_whole(path) or any(path.glob("*/*.safetensors"))


def _in_cache(repository: str) -> Path | None:
    """Return a repository's newest snapshot in Hugging Face's cache that has weights."""
    try:
        from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415 - of the extra `local`
    except ImportError:
        return None
    folder = Path(HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    reference = folder / "refs" / "main"
    if not reference.is_file():
        return None
    path = folder / "snapshots" / reference.read_text("utf-8").strip()
    return path if _is_repository(path) else None


def _names_in_cache() -> list[str]:
    try:
        from huggingface_hub.constants import HF_HUB_CACHE  # noqa: PLC0415 - of the extra `local`
    except ImportError:
        return []
    folders = Path(HF_HUB_CACHE).glob("models--*--*")
    names = [path.name.removeprefix("models--").replace("--", "/", 1) for path in folders]
    return [name for name in names if _in_cache(name) is not None]


def _download(repository: str) -> Path:
    """Fetch a repository into Hugging Face's cache, without anything that is code."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - of the extra `local`
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    try:
        return Path(snapshot_download(repository, ignore_patterns=list(PICKLES)))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelMissing(f"The weights of {repository} could not be fetched.") from error
