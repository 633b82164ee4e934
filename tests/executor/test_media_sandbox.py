"""The pool of decoding children: what it survives, what it leaves behind, and how fast it is."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.errors import Unavailable
from executor.media.confinement import ChildLimits
from executor.media.errors import MediaRejected
from executor.media.sandbox import Sandbox
from executor.media.types import MediaLimits
from tests.executor.media_files import make_image, make_noisy_photo, make_photo

EVIL_CHILD = (sys.executable, str(Path(__file__).parent / "evil_child.py"))
SMALL = ChildLimits(file_bytes=2 * 1024**2)
IMPATIENT = MediaLimits(timeout_s=1.5)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="module")
def evil_sandbox() -> Iterator[Sandbox]:
    with Sandbox(child_command=EVIL_CHILD, child_limits=SMALL) as made:
        yield made


def make_source(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(make_image())
    return path


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`, dead ones that nobody reaped among them."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[1]) == pid:
                found.append(int(entry.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("hang", "timed_out"),
        ("fork", "timed_out"),
        ("flood", "image_too_large"),
        ("hoard", "image_too_large"),
        ("crash", "undecodable"),
        ("babble", "undecodable"),
        ("smuggle", "undecodable"),
        ("misname", "undecodable"),
        ("forge_id", "undecodable"),
    ],
)
def test_X59_an_evil_child_ends_its_own_job_and_no_other(
    evil_sandbox: Sandbox, tmp_path: Path, behaviour: str, code: str
):
    evil, good = make_source(tmp_path, behaviour), make_source(tmp_path, "good")
    with ThreadPoolExecutor(2) as threads:
        bad_job = threads.submit(evil_sandbox.normalise, evil, tmp_path / "bad", limits=IMPATIENT)
        good_job = threads.submit(evil_sandbox.normalise, good, tmp_path / "fine")

        with pytest.raises(MediaRejected) as caught:
            bad_job.result()

    assert caught.value.code == code
    assert good_job.result().kind == "image"
    assert not (tmp_path / "bad").exists()


def test_X59_what_a_child_forked_dies_with_it(evil_sandbox: Sandbox, tmp_path: Path):
    source, target = make_source(tmp_path, "fork"), tmp_path / "target"
    seen: set[int] = set()
    job = threading.Thread(target=normalise_quietly, args=(evil_sandbox, source, target))

    job.start()
    while job.is_alive():
        if target.exists():
            seen |= {int(line) for line in target.read_bytes().split(b"\n")[:-1]}
        time.sleep(0.02)
    job.join()
    time.sleep(0.1)

    assert len(seen) >= 4
    assert not any(is_running(pid) for pid in seen)


def normalise_quietly(sandbox: Sandbox, source: Path, target: Path) -> None:
    with pytest.raises(MediaRejected):
        sandbox.normalise(source, target, limits=IMPATIENT)


def test_X59_a_child_has_no_network_no_processes_no_secrets(
    evil_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    (tmp_path / "probe").write_text("words")

    with Sandbox(child_command=EVIL_CHILD) as fresh:
        fresh.normalise(tmp_path / "probe", tmp_path / "target")

    outcome = json.loads((tmp_path / "target").read_text())
    assert set(outcome.pop("env")) <= {"PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"}
    assert outcome.pop("no_new_privileges")
    interfaces = outcome.pop("interfaces")
    assert os.geteuid() != 0 or interfaces == ["lo"]
    assert set(outcome.values()) == {"refused"}


def test_X59_children_die_with_the_server(tmp_path: Path):
    program = (
        "import os, sys, time\nfrom pathlib import Path\n"
        "from executor.media.sandbox import Sandbox\n"
        "sandbox = Sandbox()\n"
        f"sandbox.normalise(Path({str(make_source(tmp_path, 'a'))!r}), Path({str(tmp_path / 'b')!r}))\n"
        "print(next(iter(sandbox._all))._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    time.sleep(0.3)

    assert not is_running(int(done.stdout))


def test_a_child_survives_the_thread_that_asked_for_it(tmp_path: Path):
    source = make_source(tmp_path, "a")
    with Sandbox() as sandbox:
        thread = threading.Thread(target=sandbox.normalise, args=(source, tmp_path / "b"))
        thread.start()
        thread.join()
        before = children_of(os.getpid())
        time.sleep(0.2)

        sandbox.normalise(source, tmp_path / "c")

        assert children_of(os.getpid()) == before


def test_a_child_is_replaced_after_its_share_of_files(tmp_path: Path):
    source = make_source(tmp_path, "a")
    with Sandbox(size=1, jobs_per_child=50) as sandbox:
        seen = []
        for _ in range(101):
            sandbox.normalise(source, tmp_path / "b")
            seen.append(frozenset(sandbox._all))

    assert len(set(seen[:49])) == 1
    assert seen[49] == frozenset()
    assert len(set(seen) - {frozenset()}) == 3


def test_a_child_is_replaced_after_a_file_it_refused(sandbox: Sandbox, tmp_path: Path):
    bad = tmp_path / "bad"
    bad.write_bytes(make_image()[:200])

    with Sandbox(size=1) as single:
        single.normalise(make_source(tmp_path, "a"), tmp_path / "b")
        with pytest.raises(MediaRejected):
            single.normalise(bad, tmp_path / "c")

        assert not single._all


def test_a_child_that_died_while_idle_costs_nobody_anything(tmp_path: Path):
    source = make_source(tmp_path, "a")
    with Sandbox(size=1) as sandbox:
        sandbox.normalise(source, tmp_path / "b")
        (child,) = sandbox._all
        os.kill(child._process.pid, 9)
        time.sleep(0.1)

        assert sandbox.normalise(source, tmp_path / "c").kind == "image"


def test_eight_threads_share_two_children(tmp_path: Path):
    sources = [tmp_path / f"s{i}" for i in range(8)]
    for number, source in enumerate(sources):
        source.write_bytes(make_image("PNG", make_photo(20 + number, 10)))
    with Sandbox() as sandbox, ThreadPoolExecutor(8) as threads:
        jobs = [
            threads.submit(sandbox.normalise, sources[i % 8], tmp_path / f"t{i}") for i in range(64)
        ]

        assert [job.result().width for job in jobs] == [20 + i % 8 for i in range(64)]
        assert len(sandbox._all) <= 2


def test_closing_leaves_no_process_and_refuses_more_work(tmp_path: Path):
    source, before = make_source(tmp_path, "a"), set(children_of(os.getpid()))
    sandbox = Sandbox()
    sandbox.normalise(source, tmp_path / "b")

    sandbox.close()

    assert set(children_of(os.getpid())) <= before
    with pytest.raises(Unavailable):
        sandbox.normalise(source, tmp_path / "c")


def test_closing_ends_a_job_under_way(tmp_path: Path):
    source = make_source(tmp_path, "hang")
    sandbox = Sandbox(child_command=EVIL_CHILD)
    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(sandbox.normalise, source, tmp_path / "b")
        while not sandbox._all:
            time.sleep(0.01)

        sandbox.close()

        with pytest.raises(Unavailable):
            job.result(timeout=5)


def test_a_full_queue_is_unavailable(tmp_path: Path):
    hang, good = make_source(tmp_path, "hang"), make_source(tmp_path, "good")
    with (
        Sandbox(size=1, child_command=EVIL_CHILD, queue_timeout_s=0.1) as sandbox,
        ThreadPoolExecutor(1) as threads,
    ):
        job = threads.submit(sandbox.normalise, hang, tmp_path / "b", limits=IMPATIENT)
        while not sandbox._all:
            time.sleep(0.01)

        with pytest.raises(Unavailable):
            sandbox.normalise(good, tmp_path / "c")
        with pytest.raises(MediaRejected):
            job.result()


def test_a_target_that_cannot_be_written_is_unavailable(sandbox: Sandbox, tmp_path: Path):
    with pytest.raises(Unavailable):
        sandbox.normalise(make_source(tmp_path, "a"), tmp_path / "missing" / "b")


def test_small_images_take_milliseconds_and_photos_less_than_two_seconds(
    sandbox: Sandbox, tmp_path: Path
):
    small, large = make_source(tmp_path, "a"), tmp_path / "large"
    large.write_bytes(make_image("JPEG", make_noisy_photo(4000, 3000), quality=90))
    sandbox.normalise(small, tmp_path / "b")
    taken = []
    for _ in range(30):
        started = time.perf_counter()
        sandbox.normalise(small, tmp_path / "b")
        taken.append(time.perf_counter() - started)

    started = time.perf_counter()
    sandbox.normalise(large, tmp_path / "b")

    assert statistics.median(taken) < 0.1  # 3 ms when the machine is quiet
    assert time.perf_counter() - started < 15  # 0.6 s when it is
