"""Which adapters there are: the shipped ones, and those of the installation's own modules."""

from collections.abc import Mapping
from functools import cache

from executor import conf
from executor.providers.adapters import SHIPPED
from executor.providers.base import Adapter


@cache
def adapter_classes() -> Mapping[str, type[Adapter]]:
    """Return the adapter classes by the name of their provider.

    Raises:
        ValueError: two claim one name.
    """
    classes: dict[str, type[Adapter]] = {}
    for adapter in (*SHIPPED, *conf.extra_adapters()):
        if adapter.name in classes:
            raise ValueError(f"two adapters claim {adapter.name}")
        classes[adapter.name] = adapter
    return classes
