"""The staff's pages of `workflows`; importing a module here registers them."""

from workflows.admin import models, workflows

__all__ = ["models", "workflows"]
