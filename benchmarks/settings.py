"""The product's settings with the bare endpoints beside it, for the benchmarks alone."""

from pixelflow_site.settings.base import *  # noqa: F403
from pixelflow_site.settings.base import EXTRA_NODES as OWN_NODES
from pixelflow_site.settings.base import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = [*PRODUCT_APPS, "benchmarks.bare"]
ROOT_URLCONF = "benchmarks.bare.urls_beside"
EXTRA_NODES = [*OWN_NODES, "benchmarks.paid_nodes"]
