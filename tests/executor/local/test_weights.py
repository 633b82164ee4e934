"""Which weights are found, and which are never loaded."""

import json

import pytest

from executor.local.types import ModelMissing
from executor.local.weights import Shelf, check_folder, size_of, variant_of


def make_repository(folder, *, unet=("diffusion_pytorch_model.safetensors",), size=10):
    folder.mkdir(parents=True)
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet").mkdir()
    for name in unet:
        (folder / "unet" / name).write_bytes(bytes(size))
    return folder


@pytest.mark.parametrize("name", ["owner/model", "owner--model"])
def test_a_repository_is_found_under_either_name(tmp_path, name):
    folder = make_repository(tmp_path / name)

    shelf = Shelf(tmp_path)

    assert shelf.find("owner/model") == folder
    assert shelf.list_here() == ["owner/model"]


def test_a_repository_that_is_not_here_is_not_fetched_unasked(tmp_path):
    shelf = Shelf(tmp_path)

    with pytest.raises(ModelMissing, match="not on this machine"):
        shelf.get("owner/model")


def test_a_folder_without_weights_is_no_repository(tmp_path):
    (tmp_path / "owner" / "model").mkdir(parents=True)

    assert Shelf(tmp_path).find("owner/model") is None
    assert Shelf(tmp_path).list_here() == []


@pytest.mark.parametrize(
    "name", ["diffusion_pytorch_model.bin", "model.ckpt", "weights.pt", "weights.pkl"]
)
def test_weights_that_are_pickles_are_refused(tmp_path, name):
    folder = make_repository(tmp_path / "owner" / "model", unet=(name,))

    with pytest.raises(ModelMissing, match="not safetensors"):
        check_folder(folder)


def test_pickles_beside_safetensors_are_passed_over(tmp_path):
    names = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
    folder = make_repository(tmp_path / "owner" / "model", unet=names)

    check_folder(folder)


def test_a_broken_index_is_refused(tmp_path):
    folder = make_repository(tmp_path / "owner" / "model")
    (folder / "model_index.json").write_text("{")

    with pytest.raises(ModelMissing):
        check_folder(folder)


def test_the_half_precision_variant_is_taken_where_it_is_alone(tmp_path):
    half, whole = "model.fp16.safetensors", "model.safetensors"
    alone = make_repository(tmp_path / "a" / "half", unet=(half,), size=10)
    both = make_repository(tmp_path / "a" / "both", unet=(half, whole), size=10)

    assert (variant_of(alone), variant_of(both)) == ("fp16", None)
    assert (size_of(alone), size_of(both)) == (10, 10)


def test_a_repository_of_nothing_but_folders_is_found(tmp_path):
    folder = tmp_path / "h94" / "IP-Adapter" / "sdxl_models"
    folder.mkdir(parents=True)
    (folder / "ip-adapter_sdxl.safetensors").write_bytes(b"x")

    shelf = Shelf(tmp_path)

    assert shelf.find("h94/IP-Adapter") == tmp_path / "h94" / "IP-Adapter"
    assert shelf.list_here() == ["h94/IP-Adapter"]
