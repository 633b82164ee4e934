"""Building the catalogue: an immutable value that is passed in, never a registry on import."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from common.canonical import digest
from workflows.catalogue.chooser import with_choosers
from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_files import shipped_models
from workflows.catalogue.model_nodes import spec_from_model
from workflows.catalogue.nodes import ALL_NODES, CHOOSERS
from workflows.catalogue.price_check import problems_with
from workflows.catalogue.spec import AnyNode, NodeSpec, spec_of


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All node types by name; `digest` changes when the public shape of anything does.

    Catalogues of one digest are equal, so that what is made from one can be kept by it.
    """

    specs: Mapping[str, NodeSpec]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def get(self, type_: str) -> NodeSpec | None:
        """Return the spec of a node type, following `replaced_by`; None for an unknown one."""
        spec = self.specs.get(type_)
        while spec is not None and spec.meta.replaced_by is not None:
            spec = self.specs.get(spec.meta.replaced_by)
        return spec

    @cached_property
    def models(self) -> Mapping[str, ModelSpec]:
        """The models by key."""
        found = (spec.model for spec in self.specs.values() if spec.model is not None)
        return {model.key: model for model in found}

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of all node types, and of what lies behind those of models."""
        return digest([self.specs[name].digest for name in sorted(self.specs)])

    def as_json(self) -> list[dict[str, Any]]:
        """Return every node type's public entry, sorted by type."""
        return [self.specs[name].as_json() for name in sorted(self.specs)]


def build_catalogue(
    nodes: Iterable[type[AnyNode]] = ALL_NODES, models: Iterable[ModelSpec] | None = None
) -> Catalogue:
    """Build a catalogue of these node classes and models (all shipped ones if left out).

    Raises:
        ValueError: when two classes claim one type, an upgrade chain has a gap,
            or a price is not right for its node.
    """
    specs: dict[str, NodeSpec] = {}
    for node in nodes:
        spec = _checked_spec(node)  # type: ignore[arg-type] # classes have a hash
        if spec.type in specs:
            raise ValueError(f"two node classes claim {spec.type}")
        specs[spec.type] = spec
    for model in shipped_models() if models is None else models:
        specs[model.type] = model_spec(model)
    return Catalogue(with_choosers(specs, CHOOSERS))


@lru_cache(maxsize=4096)
def model_spec(model: ModelSpec) -> NodeSpec:
    """Return a model's node type, made once for each."""
    return spec_from_model(model)


@cache
def _checked_spec(node: type[AnyNode]) -> NodeSpec:
    spec = spec_of(node)
    _check_upgrades(spec)
    _check_price(spec)
    return spec


def upgrade_params(spec: NodeSpec, params: Mapping[str, Any], saved_version: int) -> dict[str, Any]:
    """Bring parameters saved under an older version of a node type up to the present one."""
    current = dict(params)
    for version in range(saved_version, spec.meta.version):
        current = spec.meta.upgrades[version](current)
    return current


def _check_upgrades(spec: NodeSpec) -> None:
    expected = set(range(1, spec.meta.version))
    if set(spec.meta.upgrades) != expected:
        raise ValueError(f"{spec.type}: upgrades must cover versions {sorted(expected)}")


def _check_price(spec: NodeSpec) -> None:
    problems = [] if spec.price is None else problems_with(spec.price, spec)
    if problems:
        raise ValueError(f"{spec.type}: price, {problems[0]}") from problems[0]
