"""Reading model files: TOML documents of one model each, shipped ones and those of staff."""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from workflows.catalogue.model import ModelSpec
from workflows.catalogue.model_check import problems_with_model

MODELS_PATH = Path(__file__).with_name("models")


class ModelFileError(ValueError):
    """A document that is no model: says what is wrong, and where in it (`routes.0.provider`)."""

    def __init__(self, message: str, place: str = "") -> None:
        self.message = message
        self.place = place
        super().__init__(f"{place}: {message}" if place else message)


def read_model(text: str) -> ModelSpec:
    """Return the model that a document describes.

    Raises:
        ModelFileError: it is not TOML, does not fit the schema, or contradicts itself.
    """
    try:
        model = ModelSpec.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelFileError(first["msg"], place) from None
    problems = problems_with_model(model)
    if problems:
        place, message = problems[0]
        raise ModelFileError(message, place)
    return model


@cache
def shipped_models() -> tuple[ModelSpec, ...]:
    """Return the models of this release, by key; read once in each process.

    Raises:
        ModelFileError: a file is no model, or two have one key.
    """
    found: dict[str, ModelSpec] = {}
    for path in sorted(MODELS_PATH.glob("*/*.toml")):
        try:
            model = read_model(path.read_text("utf-8"))
        except ModelFileError as error:
            raise ModelFileError(f"{path.parent.name}/{path.name}: {error}") from None
        if model.key in found:
            raise ModelFileError(f"{path.name}: there are two models {model.key}")
        found[model.key] = model
    return tuple(found[key] for key in sorted(found))
