"""The adapter of local models against its real server, with tiny pipelines and without."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from executor.providers.account import ProviderAccount
from executor.providers.adapters.local import LocalAdapter
from executor.providers.base import Done, Failed, KeyCheck, Running, Submitted
from executor.providers.errors import AccountBlocked, NotSent, ProviderError
from executor.providers.transport import Transport
from tests.executor.local.benches import PretendedRunner, ServerBench, pretended
from tests.extras import need_local
from tests.providers.courses import REFERENCE, correlation
from tests.providers.samples import kind_of, request_of, sample_media
from workflows.catalogue.remote import ProviderCall

KEY = "k" * 20


def call_of(**parts):
    whole = {
        "model": "tiny/sd",
        "operation": "text-to-image",
        "body": {"pipeline": "StableDiffusionPipeline", "prompt": "a cat", "seed": 7},
    }
    return ProviderCall(provider="local", **{**whole, **parts})


@pytest.fixture
def runner():
    return PretendedRunner()


@pytest.fixture
def bench(runner) -> Iterator[ServerBench]:
    with pretended(runner, KEY) as bench:
        yield bench
        runner.go.set()


@pytest.fixture
async def transport():
    async with Transport() as transport:
        yield transport


@pytest.fixture
def adapter(bench, transport):
    return LocalAdapter(transport, ProviderAccount("local", bench.url, KEY))


async def followed(adapter, handle):
    for _ in range(2_000):
        came = await adapter.poll(handle)
        if not isinstance(came, Running):
            return came
        await asyncio.sleep(0.01)
    raise AssertionError("the job never ends")


async def test_a_job_comes_to_its_end_with_its_files(adapter, runner):
    runner.go.set()

    came = await adapter.submit(request_of(call_of()), correlation())
    end = await followed(adapter, came.handle)

    assert came == Submitted({"reference": REFERENCE})
    assert isinstance(end, Done)
    assert [file.data for file in end.answer.files] == [b"x"]
    assert end.answer.data == {"seed": 7, "usage": {"gpu_seconds": 0.25}}


async def test_the_same_reference_again_is_the_same_job(adapter, runner):
    request = request_of(call_of(media={"image": [sample_media("image")]}))

    first = await adapter.submit(request, correlation())
    again = await adapter.submit(request, correlation())
    runner.go.set()
    await followed(adapter, first.handle)

    assert first == again
    assert runner.done == [REFERENCE]


async def test_a_cancelled_job_ends_without_a_result(adapter):
    came = await adapter.submit(request_of(call_of()), correlation())

    await adapter.cancel(came.handle)
    await adapter.cancel(came.handle)

    end = await followed(adapter, came.handle)
    assert isinstance(end, Failed)
    assert not end.error.retryable


async def test_a_job_that_a_restart_lost_may_be_tried_again(adapter, bench, runner, transport):
    came = await adapter.submit(request_of(call_of()), correlation())
    with pretended(PretendedRunner(), KEY) as successor:
        reborn = LocalAdapter(transport, ProviderAccount("local", successor.url, KEY))

        lost = await reborn.poll(came.handle)
        await reborn.cancel(came.handle)
        again = await reborn.submit(request_of(call_of()), correlation())

    assert isinstance(lost, Failed)
    assert "restarted" in lost.error.message
    assert lost.error.retryable
    assert again == came


async def test_a_server_that_is_not_there_was_never_sent_anything(transport):
    nobody = LocalAdapter(transport, ProviderAccount("local", "http://127.0.0.1:9"))

    with pytest.raises(NotSent):
        await nobody.submit(request_of(call_of()), correlation())


async def test_weights_that_are_missing_are_said_to_be(adapter):
    with pytest.raises(ProviderError, match="not on this machine") as missing:
        await adapter.submit(request_of(call_of(model="tiny/other")), correlation())

    assert (missing.value.code, missing.value.retryable) == ("provider_unavailable", False)


async def test_a_wrong_key_blocks_the_account(bench, transport):
    wrong = LocalAdapter(transport, ProviderAccount("local", bench.url, "wrong"))

    with pytest.raises(AccountBlocked):
        await wrong.check()
    with pytest.raises(AccountBlocked):
        await wrong.submit(request_of(call_of()), correlation())


async def test_a_check_says_what_the_machine_is(adapter):
    assert await adapter.check() == KeyCheck("processor, 0 GB")


@pytest.mark.filterwarnings("ignore")  # the libraries' own
async def test_a_real_pipeline_gives_a_real_picture(tmp_path, transport):
    need_local()
    from tests.executor.local import tiny
    from tests.executor.local.benches import real

    tiny.save_sd(tmp_path / "tiny" / "sd")
    body = {**call_of().body, "width": 32, "height": 32, "num_inference_steps": 2}
    with real(tmp_path) as bench:
        adapter = LocalAdapter(transport, ProviderAccount("local", bench.url))

        came = await adapter.submit(request_of(call_of(body=body)), correlation())
        end = await followed(adapter, came.handle)
        models = httpx.get(f"{bench.url}/models").json()

    assert isinstance(end, Done), end
    assert kind_of(end.answer.files[0].data or b"") == "image"
    assert end.answer.data["usage"]["gpu_seconds"] > 0
    assert models == {"models": ["tiny/sd"]}
