"""Real pipelines of diffusers, tiny and with random weights, through the model server."""

import base64
import io
import shutil

import pytest
from PIL import Image

pytest.importorskip("diffusers", reason="the extra `local` is not installed")

import av
import torch

from executor.local.files_out import film_file
from executor.local.types import Recipe
from tests.executor.local import tiny
from tests.executor.local.benches import real

# What the libraries warn of is theirs.
pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = {"prompt": "a cat", "width": 32, "height": 32, "num_inference_steps": 3}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("sd", "sdxl", "controlnet", "ip_adapter", "flux", "redux", "wan", "vace"):
        getattr(tiny, f"save_{name}")(folder / "tiny" / name)
    return folder


@pytest.fixture(scope="module")
def bench(models):
    with real(models) as bench:
        yield bench


@pytest.fixture
def reference(request):
    return f"job-{abs(hash(request.node.nodeid))}"


def run(bench, reference, **parts):
    answer = bench.order(reference=reference, **{"inputs": SMALL, **parts})
    assert answer.status_code == 200, answer.text
    return bench.finished(reference)


def file_of(bench, reference, number=0):
    return bench.ask("GET", f"/jobs/{reference}/files/{number}").content


def picture(width=48, height=32):
    buffer = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).convert("RGB").save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return [{"contentType": "image/png", "data": data}]


def opened(content):
    return Image.open(io.BytesIO(content))


def test_a_picture_comes_of_words(bench, reference):
    job = run(bench, reference, seed=7)

    assert job["state"] == "done", job
    assert opened(file_of(bench, reference)).size == (32, 32)
    assert job["usage"]["gpu_seconds"] > 0
    assert job["seed"] == 7


def test_a_seed_says_what_comes_and_a_batch_gives_what_single_runs_give(bench, reference):
    many = {**SMALL, "num_images_per_prompt": 2}
    for name, seed, inputs in (
        ("a", 7, SMALL),
        ("b", 7, SMALL),
        ("c", 8, SMALL),
        ("both", 7, many),
    ):
        run(bench, reference + name, seed=seed, inputs=inputs)

    first, again, other = (file_of(bench, reference + name) for name in "abc")

    assert first == again
    assert first != other
    pairs = [(first, 0), (other, 1)]
    for single, number in pairs:
        batched = file_of(bench, reference + "both", number)
        difference = _largest_difference(single, batched)
        assert difference <= 2  # a batch is summed up in another order


def _largest_difference(one, two):
    pixels = [
        torch.frombuffer(bytearray(opened(each).tobytes()), dtype=torch.uint8).int()
        for each in (one, two)
    ]
    return int((pixels[0] - pixels[1]).abs().max())


def test_without_a_seed_one_is_thrown_and_told(bench, reference):
    seeds = {run(bench, f"{reference}{number}")["seed"] for number in range(2)}

    assert len(seeds) == 2
    assert all(isinstance(seed, int) for seed in seeds)


@pytest.mark.parametrize(
    ("pipeline", "files"),
    [
        ("StableDiffusionImg2ImgPipeline", {"image": picture()}),
        ("StableDiffusionInpaintPipeline", {"image": picture(), "mask_image": picture()}),
    ],
)
def test_a_picture_comes_of_a_picture_in_its_size(bench, reference, pipeline, files):
    inputs = {"prompt": "a cat", "num_inference_steps": 3, "strength": 0.8}

    job = run(bench, reference, pipeline=pipeline, files=files, inputs=inputs, seed=1)

    assert job["state"] == "done", job
    assert opened(file_of(bench, reference)).size == (48, 32)


def test_a_controlnet_is_loaded_next_to_its_base(bench, reference):
    job = run(
        bench,
        reference,
        pipeline="StableDiffusionControlNetPipeline",
        model="tiny/controlnet",
        load={"base": "tiny/sd", "part": "controlnet", "class": "ControlNetModel"},
        files={"image": picture()},
        inputs={"prompt": "a cat", "num_inference_steps": 2, "controlnet_conditioning_scale": 0.5},
        outputFormat="jpeg",
    )

    assert job["state"] == "done", job
    assert job["files"][0]["contentType"] == "image/jpeg"
    assert opened(file_of(bench, reference)).format == "JPEG"


def test_a_controlnet_for_inpainting_is_shown_the_hole(bench, reference):
    job = run(
        bench,
        reference,
        pipeline="StableDiffusionControlNetInpaintPipeline",
        model="tiny/controlnet",
        load={"base": "tiny/sd", "part": "controlnet", "class": "ControlNetModel"},
        files={"image": picture(), "mask_image": picture()},
        inputs={"prompt": "a cat", "num_inference_steps": 2},
    )

    assert job["state"] == "done", job
    assert opened(file_of(bench, reference)).size == (48, 32)


def test_a_prior_makes_of_a_picture_what_the_pipeline_goes_on_from(bench, reference):
    load = {
        "base": "tiny/wide-flux",
        "prior": "FluxPriorReduxPipeline",
        "without": ["text_encoder", "text_encoder_2"],
    }
    inputs = {"width": 32, "height": 32, "num_inference_steps": 2, "prompt_embeds_scale": 0.5}

    job = run(
        bench, reference, pipeline="FluxPipeline", model="tiny/redux", load=load,
        files={"image": picture()}, inputs=inputs,
    )  # fmt: skip

    assert job["state"] == "done", job
    assert opened(file_of(bench, reference)).size == (32, 32)


def test_an_adapter_for_pictures_is_loaded_into_its_base_and_weighed(bench, reference):
    load = {
        "base": "tiny/sd",
        "ip_adapter": {"subfolder": "models", "weight_name": "ip-adapter.safetensors"},
    }
    for name, weight in (("none", 0.0), ("much", 1.0)):
        job = run(
            bench, reference + name, model="tiny/ip_adapter", load=load, seed=7,
            files={"ip_adapter_image": picture()}, inputs={**SMALL, "ip_adapter_scale": weight},
        )  # fmt: skip
        assert job["state"] == "done", job

    assert file_of(bench, reference + "none") != file_of(bench, reference + "much")


def test_an_adapter_that_is_a_pickle_is_not_loaded(bench, reference):
    load = {"base": "tiny/sd", "ip_adapter": {"weight_name": "ip-adapter.bin"}}

    job = run(bench, reference, model="tiny/ip_adapter", load=load)

    assert job["error"]["code"] == "provider_unavailable"
    assert "safetensors" in job["error"]["message"]


def test_another_scheduler_is_put_in(bench, reference):
    load = {"scheduler": "LCMScheduler", "scheduler_options": {"beta_schedule": "linear"}}

    job = run(bench, reference, seed=3, load=load)

    assert job["state"] == "done", job
    loaded = bench.pool.take(Recipe("StableDiffusionPipeline", "tiny/sd", load))
    scheduler = loaded.pipeline.scheduler
    assert type(scheduler).__name__ == "LCMScheduler"
    assert scheduler.config.beta_schedule == "linear"


@pytest.mark.parametrize(
    ("pipeline", "model", "inputs"),
    [
        ("StableDiffusionXLPipeline", "tiny/sdxl", {}),
        ("FluxPipeline", "tiny/flux", {"max_sequence_length": 16}),
    ],
)
def test_other_families_run_as_well(bench, reference, pipeline, model, inputs):
    job = run(bench, reference, pipeline=pipeline, model=model, inputs={**SMALL, **inputs})

    assert job["state"] == "done", job
    assert opened(file_of(bench, reference)).size == (32, 32)


def test_a_film_has_the_length_that_was_asked_for(bench, reference):
    inputs = {**SMALL, "max_sequence_length": 16, "num_inference_steps": 2}

    job = run(
        bench, reference, pipeline="WanPipeline", model="tiny/wan", kind="video",
        inputs=inputs, duration=0.5, fps=16, load={"float32": ["vae"]},
    )  # fmt: skip

    assert job["state"] == "done", job
    with av.open(io.BytesIO(file_of(bench, reference))) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (32, 32, 16)
        assert len(list(film.decode(video=0))) == 9  # the nearest that is 1 and a multiple of 4


def test_a_film_of_a_film_has_its_size_and_speed_and_as_many_frames_as_can_be(bench, reference):
    frames = [Image.new("RGB", (48, 32), (30 * number, 0, 0)) for number in range(7)]
    data = base64.b64encode(film_file(frames, 8).data).decode()

    job = run(
        bench, reference, pipeline="WanVACEPipeline", model="tiny/vace", kind="video",
        files={"video": [{"contentType": "video/mp4", "data": data}]},
        inputs={"prompt": "a cat", "num_frames": 81, "num_inference_steps": 2, "max_sequence_length": 16},
    )  # fmt: skip

    assert job["state"] == "done", job
    with av.open(io.BytesIO(file_of(bench, reference))) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (48, 32, 8)
        assert len(list(film.decode(video=0))) == 5


def test_progress_and_previews_are_told_step_by_step(bench, reference):
    inputs = {**SMALL, "num_inference_steps": 60}
    bench.order(reference=reference, inputs=inputs)

    seen = bench.watch(reference)

    progress = [job["progress"] for job in seen]
    assert seen[-1]["state"] == "done"
    assert progress == sorted(progress)
    assert any(0 < share < 1 for share in progress)
    shown = {job["preview"] for job in seen} - {None}
    assert shown
    for preview in shown:
        head, _, data = preview.partition(",")
        assert head == "data:image/jpeg;base64"
        assert max(opened(base64.b64decode(data)).size) <= 128


def test_a_packed_model_shows_previews_too(bench, reference):
    inputs = {**SMALL, "num_inference_steps": 60, "max_sequence_length": 16}
    bench.order(reference=reference, pipeline="FluxPipeline", model="tiny/flux", inputs=inputs)

    seen = bench.watch(reference)

    assert {job["preview"] for job in seen} - {None}


def test_a_running_job_ends_before_its_next_step(bench, reference):
    inputs = {**SMALL, "num_inference_steps": 90}
    bench.order(reference=reference, inputs=inputs)
    bench.until(reference, "running")

    bench.ask("DELETE", f"/jobs/{reference}")

    job = bench.finished(reference)
    assert job["state"] == "cancelled"
    assert job["progress"] < 1
    assert job["files"] == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"inputs": {**SMALL, "magic": 1}}, "no argument magic"),
        ({"files": {"depth_map": picture()}}, "no argument depth_map"),
        ({"pipeline": "NoPipeline"}, "no pipeline NoPipeline"),
        ({"pipeline": "AutoencoderKL"}, "no pipeline AutoencoderKL"),
        ({"inputs": {**SMALL, "width": 33}}, "divisible"),
        ({"inputs": {**SMALL, "callback_on_step_end": "x"}}, "no argument callback"),
        (
            {
                "pipeline": "StableDiffusionImg2ImgPipeline",
                "inputs": {"prompt": "a"},
                "files": {"image": [{"contentType": "image/png", "data": "AAAA"}]},
            },
            "no picture",
        ),
    ],
)
def test_what_the_pipeline_does_not_take_is_said(bench, reference, parts, words):
    job = run(bench, reference, **parts)

    assert (job["state"], job["error"]["code"]) == ("failed", "invalid_value")
    assert words in job["error"]["message"]


def test_weights_that_are_pickles_are_not_loaded(models, reference, tmp_path):
    shutil.copytree(models / "tiny" / "sd", tmp_path / "tiny" / "sd")
    weights = tmp_path / "tiny" / "sd" / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()

    with real(tmp_path) as bench:
        job = run(bench, reference)

    assert (job["state"], job["error"]["code"]) == ("failed", "provider_unavailable")
    assert "safetensors" in job["error"]["message"]


def test_a_broken_repository_is_told_as_such(reference, models, tmp_path):
    shutil.copytree(models / "tiny" / "sd", tmp_path / "tiny" / "sd")
    (tmp_path / "tiny" / "sd" / "unet" / "config.json").write_text("{")

    with real(tmp_path) as bench:
        job = run(bench, reference)

    assert job["error"]["code"] == "provider_unavailable"


def test_under_a_small_budget_one_model_makes_way_for_the_next(models, reference):
    with real(models, memory_gb=700_000 / 1024**3) as bench:
        run(bench, reference + "a")
        first = bench.ask("GET", "/health").json()["resident"]
        run(bench, reference + "b", pipeline="StableDiffusionXLPipeline", model="tiny/sdxl")
        second = bench.ask("GET", "/health").json()["resident"]

    assert [each["model"] for each in first] == ["tiny/sd"]
    assert [each["model"] for each in second] == ["tiny/sdxl"]


class Scarce:
    """Lets a pipeline's call fail for want of memory, a few times."""

    def __init__(self, times):
        self.times, self.calls = times, 0

    def __call__(self, load):
        def loading(recipe):
            resident = load(recipe)
            denoise = resident.pipeline.pipeline.unet.forward

            def forward(*args, **options):
                self.calls += 1
                if self.calls <= self.times:
                    raise torch.OutOfMemoryError("CUDA out of memory.")
                return denoise(*args, **options)

            resident.pipeline.pipeline.unet.forward = forward
            return resident

        return loading


@pytest.mark.parametrize(("times", "state"), [(1, "done"), (2, "failed")])
def test_too_little_memory_drops_all_residents_and_is_tried_once_more(
    models, reference, times, state
):
    with real(models) as bench:
        pool = bench.pool
        run(bench, reference + "0", pipeline="StableDiffusionXLPipeline", model="tiny/sdxl")
        pool._load = Scarce(times)(pool._load)

        job = run(bench, reference)

        assert job["state"] == state
        assert not pool.has(Recipe("StableDiffusionXLPipeline", "tiny/sdxl"))
        if state == "failed":
            assert job["error"]["code"] == "resource_limit"
            assert pool.list_residents() == []
            assert run(bench, reference + "1")["state"] == "done"
