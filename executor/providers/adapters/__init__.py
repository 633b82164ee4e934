"""The adapters that Pixelflow ships, one module and one class per provider.

They know nothing of each other (`.importlinter`); what they share lies beside this package.
"""

from executor.providers.adapters.anthropic import AnthropicAdapter
from executor.providers.adapters.bfl import BflAdapter
from executor.providers.adapters.bytedance import BytedanceAdapter
from executor.providers.adapters.comfyui import ComfyUiAdapter
from executor.providers.adapters.elevenlabs import ElevenLabsAdapter
from executor.providers.adapters.fal import FalAdapter
from executor.providers.adapters.google import GoogleAdapter
from executor.providers.adapters.ideogram import IdeogramAdapter
from executor.providers.adapters.kling import KlingAdapter
from executor.providers.adapters.local import LocalAdapter
from executor.providers.adapters.luma import LumaAdapter
from executor.providers.adapters.minimax import MinimaxAdapter
from executor.providers.adapters.openai import OpenAiAdapter
from executor.providers.adapters.openai_compatible import OpenAiCompatibleAdapter
from executor.providers.adapters.recraft import RecraftAdapter
from executor.providers.adapters.replicate import ReplicateAdapter
from executor.providers.adapters.runway import RunwayAdapter
from executor.providers.adapters.segmind import SegmindAdapter
from executor.providers.adapters.stability import StabilityAdapter
from executor.providers.base import Adapter

SHIPPED: tuple[type[Adapter], ...] = (
    AnthropicAdapter,
    BflAdapter,
    BytedanceAdapter,
    ComfyUiAdapter,
    ElevenLabsAdapter,
    FalAdapter,
    GoogleAdapter,
    IdeogramAdapter,
    KlingAdapter,
    LocalAdapter,
    LumaAdapter,
    MinimaxAdapter,
    OpenAiAdapter,
    OpenAiCompatibleAdapter,
    RecraftAdapter,
    ReplicateAdapter,
    RunwayAdapter,
    SegmindAdapter,
    StabilityAdapter,
)
