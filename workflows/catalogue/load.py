"""Building the catalogue: an immutable value that is passed in, never a registry on import."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from common.canonical import digest
from workflows.catalogue.nodes import ALL_NODES
from workflows.catalogue.price_check import problems_with
from workflows.catalogue.spec import AnyNode, NodeSpec, spec_of


@dataclass(frozen=True)
class Catalogue:
    """All node types by name; `digest` changes when the public shape of anything does."""

    specs: Mapping[str, NodeSpec]

    def get(self, type_: str) -> NodeSpec | None:
        """Return the spec of a node type, following `replaced_by`; None for an unknown one."""
        spec = self.specs.get(type_)
        while spec is not None and spec.meta.replaced_by is not None:
            spec = self.specs.get(spec.meta.replaced_by)
        return spec

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of the public shape."""
        return digest(self.as_json())

    def as_json(self) -> list[dict[str, Any]]:
        """Return every node type's public entry, sorted by type."""
        return [self.specs[name].as_json() for name in sorted(self.specs)]


def build_catalogue(nodes: Iterable[type[AnyNode]] = ALL_NODES) -> Catalogue:
    """Build a catalogue of these node classes (all shipped ones if left out).

    Raises:
        ValueError: when two classes claim one type, an upgrade chain has a gap,
            or a price is not right for its node.
    """
    specs: dict[str, NodeSpec] = {}
    for node in nodes:
        spec = spec_of(node)
        if spec.type in specs:
            raise ValueError(f"two node classes claim {spec.type}")
        _check_upgrades(spec)
        _check_price(spec)
        specs[spec.type] = spec
    return Catalogue(specs)


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
