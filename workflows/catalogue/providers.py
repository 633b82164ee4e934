"""The providers that models have routes to: names, addresses, and what an account there consists of.

How each is spoken to is its adapter's (`executor.providers.adapters`); this table is what the model
files, the settings page and the admin need to know. Addresses were read from the providers' public
documents and packages on 2026-11-21.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ProviderKind = Literal["cloud", "server", "local"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider. `base_url` is where it is unless set otherwise, empty where that must be set.

    `hosts` may be shown the key beside the base URL's, as in `ProviderAccount`. A `server` is one
    that people host themselves, `local` this installation's own accelerator. `secret_title` names
    the second half of keys that have two.
    """

    name: str
    title: str
    base_url: str = ""
    hosts: frozenset[str] = frozenset()
    kind: ProviderKind = "cloud"
    needs_key: bool = True
    key_title: str = "API key"
    secret_title: str = ""


_ALL = (
    Provider("openai", "OpenAI", "https://api.openai.com/v1"),
    Provider("google", "Google Gemini", "https://generativelanguage.googleapis.com"),
    Provider("anthropic", "Anthropic", "https://api.anthropic.com"),
    Provider(
        "openai_compatible", "OpenAI-compatible server", kind="server", needs_key=False
    ),  # vLLM, llama.cpp, Ollama, gateways
    Provider("bfl", "Black Forest Labs", "https://api.bfl.ai", frozenset({".bfl.ai"})),
    Provider("recraft", "Recraft", "https://external.api.recraft.ai"),
    Provider("bytedance", "BytePlus ModelArk", "https://ark.ap-southeast.bytepluses.com/api/v3"),
    Provider(
        "kling",
        "Kling",
        "https://api-singapore.klingai.com",
        key_title="Access key",
        secret_title="Secret key",  # noqa: S106 - a heading
    ),
    Provider("runway", "Runway", "https://api.dev.runwayml.com"),
    Provider("stability", "Stability AI", "https://api.stability.ai"),
    Provider("ideogram", "Ideogram", "https://api.ideogram.ai"),
    Provider("luma", "Luma", "https://api.lumalabs.ai/dream-machine/v1"),
    Provider("minimax", "MiniMax", "https://api.minimax.io"),
    Provider("elevenlabs", "ElevenLabs", "https://api.elevenlabs.io"),
    Provider("fal", "fal", "https://queue.fal.run", frozenset({"rest.fal.ai", "fal.run"})),
    Provider("replicate", "Replicate", "https://api.replicate.com"),
    Provider(
        "segmind",
        "Segmind",
        "https://api.segmind.com",
        frozenset({"workflows-api.segmind.com"}),
    ),
    Provider("comfyui", "ComfyUI server", kind="server", needs_key=False),
    Provider("local", "This installation's accelerator", kind="local", needs_key=False),
)

PROVIDERS: Mapping[str, Provider] = {provider.name: provider for provider in _ALL}
