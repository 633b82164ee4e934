"""Loading pipelines from folders: a class of diffusers, its weights, and what is loaded next to it.

Nothing is fetched while loading, no code of a repository runs, and only safetensors are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executor.local.devices import Device
from executor.local.pool import Resident
from executor.local.types import ModelMissing, Recipe, WrongOrder
from executor.local.weights import Shelf, check_folder, size_of, variant_of

_SAFELY: Mapping[str, Any] = {"use_safetensors": True, "local_files_only": True}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pipeline, and the one that goes before it, if there is one."""

    pipeline: Any
    prior: Any = None


class Loader:
    """Loads recipes onto a device."""

    def __init__(self, shelf: Shelf, device: Device) -> None:
        self._shelf, self._device = shelf, device

    def expect(self, recipe: Recipe) -> int:
        """Return how many bytes a recipe's weights take on disk.

        Raises:
            ModelMissing: some are not here.
        """
        return sum(size_of(self._shelf.get(name)) for name in recipe.repositories())

    def load(self, recipe: Recipe) -> Resident:
        """Load a recipe.

        Raises:
            LocalError: a part is missing, or is not what the recipe says.
        """
        _be_quiet()
        try:
            loaded = self._loaded(recipe)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError) as error:
            raise ModelMissing(
                f"The weights of {recipe.model} are not as they should be."
            ) from error
        pipelines = [each for each in (loaded.pipeline, loaded.prior) if each is not None]
        return Resident(recipe, loaded, sum(map(_size_of_pipeline, pipelines)))

    def _loaded(self, recipe: Recipe) -> Loaded:
        load = recipe.load
        pipeline = self._pipeline(
            recipe.pipeline,
            load.get("base", recipe.model),
            self._parts(recipe),
            load.get("float32", ()),
        )
        if "scheduler" in load:
            scheduler = class_named(load["scheduler"])
            pipeline.scheduler = scheduler.from_config(
                pipeline.scheduler.config, **load.get("scheduler_options", {})
            )
        if "ip_adapter" in load:
            self._add_ip_adapter(pipeline, recipe)
        prior = None
        if "prior" in load:
            prior = self._pipeline(load["prior"], recipe.model, {})
        return Loaded(pipeline, prior)

    def _pipeline(
        self, name: str, repository: str, parts: Mapping[str, Any], exact: Sequence[str] = ()
    ) -> Any:
        folder = self._shelf.get(repository)
        check_folder(folder)
        pipeline = pipeline_class(name).from_pretrained(
            str(folder),
            dtype=self._dtypes(exact),
            variant=variant_of(folder),
            trust_remote_code=False,
            **_SAFELY,
            **parts,
        )
        return pipeline.to(self._device.name)

    def _dtypes(self, exact: Sequence[str]) -> Any:
        """Return the numbers of a pipeline's parts: the device's, but for those that need more."""
        import torch  # noqa: PLC0415 - of the extra `local`

        if not exact:
            return self._device.dtype
        return {"default": self._device.dtype} | dict.fromkeys(exact, torch.float32)

    def _parts(self, recipe: Recipe) -> dict[str, Any]:
        """Return the parts that a pipeline is given beside its own repository's, by name."""
        load = recipe.load
        parts: dict[str, Any] = dict.fromkeys(load.get("without", ()))
        if "part" in load:
            parts[load["part"]] = self._part({**load, "model": recipe.model})
        for part in load.get("parts", ()):
            parts[part["part"]] = self._part(part)
        return parts

    def _part(self, part: Mapping[str, Any]) -> Any:
        import torch  # noqa: PLC0415 - of the extra `local`

        cls, subfolder = class_named(part["class"]), part.get("subfolder", "")
        folder = self._shelf.get(part["model"]) / subfolder
        check_folder(folder, ("",))
        if not issubclass(cls, torch.nn.Module):  # a tokenizer or an image processor
            return cls.from_pretrained(str(folder), local_files_only=True)
        options = {"variant": variant_of(folder)} if variant_of(folder) else {}
        return cls.from_pretrained(str(folder), dtype=self._device.dtype, **_SAFELY, **options)

    def _add_ip_adapter(self, pipeline: Any, recipe: Recipe) -> None:
        options = dict(recipe.load["ip_adapter"])
        if not str(options.get("weight_name", "")).endswith(".safetensors"):
            raise ModelMissing("The weights are not safetensors, and nothing else is loaded.")
        if "image_encoder" in recipe.load:
            encoder = self._shelf.get(recipe.load["image_encoder"])
            options["image_encoder_pretrained_model_name_or_path"] = str(encoder)
        if options.get("image_encoder_folder") == "":  # the pipeline has its encoder already
            options["image_encoder_folder"] = None
        folder = self._shelf.get(recipe.model)
        pipeline.load_ip_adapter(str(folder), local_files_only=True, **options)


def pipeline_class(name: str) -> Any:
    """Return a pipeline class of diffusers.

    Raises:
        WrongOrder: there is none of this name.
    """
    import diffusers  # noqa: PLC0415 - of the extra `local`

    cls = getattr(diffusers, name, None)
    if not (isinstance(cls, type) and issubclass(cls, diffusers.DiffusionPipeline)):
        raise WrongOrder(f"There is no pipeline {name}.")
    return cls


def class_named(name: str) -> Any:
    """Return a class of diffusers or transformers that is loaded from a folder.

    Raises:
        WrongOrder: there is none of this name.
    """
    import diffusers  # noqa: PLC0415 - of the extra `local`
    import transformers  # noqa: PLC0415

    cls = getattr(diffusers, name, None) or getattr(transformers, name, None)
    if not (isinstance(cls, type) and (hasattr(cls, "from_pretrained"))):
        raise WrongOrder(f"There is no class {name}.")
    return cls


def _be_quiet() -> None:
    """Keep the libraries from drawing progress bars into the log."""
    from diffusers.utils import logging as of_diffusers  # noqa: PLC0415 - of the extra `local`
    from transformers.utils import logging as of_transformers  # noqa: PLC0415

    of_diffusers.disable_progress_bar()
    of_transformers.disable_progress_bar()


def _size_of_pipeline(pipeline: Any) -> int:
    import torch  # noqa: PLC0415 - of the extra `local`

    modules = [each for each in pipeline.components.values() if isinstance(each, torch.nn.Module)]
    tensors = {
        tensor.data_ptr(): tensor.numel() * tensor.element_size()
        for module in modules
        for tensor in (*module.parameters(), *module.buffers())
    }
    return sum(tensors.values())
