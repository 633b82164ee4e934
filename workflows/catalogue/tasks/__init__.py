"""The generic nodes, one for each task; every model's node type is made from its task's."""

from collections.abc import Mapping
from typing import Any

from workflows.catalogue.tasks import audio, image, shape, text, video
from workflows.catalogue.tasks.base import ModelNode, Task

_NODES: tuple[type[ModelNode[Any]], ...] = (
    *image.TASKS,
    *video.TASKS,
    *audio.TASKS,
    *text.TASKS,
    *shape.TASKS,
)

TASK_NODES: Mapping[str, type[ModelNode[Any]]] = {node.task.name: node for node in _NODES}
TASKS: Mapping[str, Task] = {name: node.task for name, node in TASK_NODES.items()}
