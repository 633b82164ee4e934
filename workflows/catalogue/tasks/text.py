"""Tasks that give texts and data."""

from workflows.catalogue.ports import Port
from workflows.catalogue.tasks.base import Task
from workflows.catalogue.tasks.results import TextTask, VectorTask, VerdictTask


class Chat(TextTask):
    """Answers in words."""

    task = Task(
        "chat",
        "Language model",
        "text",
        "Answers in words.",
        needs=("prompt",),
    )


class Vision(TextTask):
    """Answers in words about a picture."""

    task = Task(
        "vision",
        "Vision model",
        "text",
        "Answers in words about a picture.",
        inputs=(Port("image", "image", "Image"),),
        needs=("prompt",),
    )


class Embedding(VectorTask):
    """Turns a text into numbers, near for near meanings."""

    task = Task(
        "embedding",
        "Embedding",
        "text",
        "Turns a text into numbers, near for near meanings.",
        needs=("text",),
        is_random=False,
    )


class Moderation(VerdictTask):
    """Says whether something is against the rules."""

    task = Task(
        "moderation",
        "Moderation",
        "text",
        "Says whether something is against the rules.",
        is_random=False,
    )


TASKS = (Chat, Vision, Embedding, Moderation)
