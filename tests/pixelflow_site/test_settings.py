"""What the environment may say, and with what of it the process refuses to start."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pixelflow_site.settings.env import Env, SettingsError

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "DATABASE_URL": "postgresql://user@db.invalid/pixelflow",
    "SECRET_KEY": "s" * 48,
    "KEY_PEPPERS": "p1:pepper",
    "SEALING_KEYS": f"s1:{'s' * 32}",
}


def load(folder, **environment: str) -> str:
    """Load the settings in a process of their own; return what it said when it refused."""
    done = subprocess.run(
        [sys.executable, "-c", "import pixelflow_site.settings.base"],
        cwd=ROOT,
        env={"DATA_DIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (1 if done.stderr else 0)
    return done.stderr.strip()


def test_production_starts_with_all_of_its_secrets(tmp_path) -> None:
    assert load(tmp_path, **PRODUCTION) == ""
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("name", ["SECRET_KEY", "KEY_PEPPERS", "SEALING_KEYS"])
def test_production_without_a_secret_refuses_to_start(tmp_path, name) -> None:
    environment = {key: value for key, value in PRODUCTION.items() if key != name}

    said = load(tmp_path, **environment)

    assert said == f"pixelflow: {name} is not set; production needs it (or {name}_FILE)"


def test_a_short_secret_key_is_refused(tmp_path) -> None:
    assert "32 characters" in load(tmp_path, SECRET_KEY="short")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FETCH_LOOPBACK_PORTS": "9000"}, "needs DEBUG"),
        ({"FETCH_LOOPBACK_PORTS": "9000", "DEBUG": "1"}, ""),
        ({"FETCH_LOOPBACK_PORTS": "http", "DEBUG": "1"}, "must be whole numbers"),
        ({"DATABASE_URL": "mysql://db.invalid/x", "SECRET_KEY": "s" * 48}, "postgresql://"),
    ],
)
def test_what_is_for_development_stays_there(tmp_path, environment, said) -> None:
    refused = load(tmp_path, **environment)

    assert said in refused
    assert bool(said) == bool(refused)
    assert "Traceback" not in refused


def test_a_value_may_lie_in_a_file(tmp_path) -> None:
    (tmp_path / "key").write_text("from the file\n")

    env = Env({"SECRET_KEY_FILE": str(tmp_path / "key"), "SECRET_KEY": "from the environment"})

    assert env.secret("SECRET_KEY") == "from the file"


def test_a_file_that_is_not_there_is_named_by_its_key(tmp_path) -> None:
    env = Env({"SECRET_KEY_FILE": str(tmp_path / "none")})

    with pytest.raises(SettingsError, match="SECRET_KEY_FILE cannot be read"):
        env.secret("SECRET_KEY")


def test_an_embedded_secret_is_made_once_for_its_owner_alone(tmp_path) -> None:
    first = Env({"DATA_DIR": str(tmp_path)}).secret("SECRET_KEY")

    assert Env({"DATA_DIR": str(tmp_path)}).secret("SECRET_KEY") == first
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_first_starts_at_once_agree_on_the_secrets(tmp_path) -> None:
    def start(_: int) -> tuple[str, str]:
        env = Env({"DATA_DIR": str(tmp_path / "new")})
        return env.secret("SECRET_KEY"), env.secret("KEY_PEPPERS")

    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(start, range(16)))

    assert len(secrets) == 1


@pytest.mark.parametrize(
    ("read", "name", "value"),
    [
        (Env.integer, "PORT", "80a"),
        (Env.number, "SWEEP_S", "soon"),
        (Env.boolean, "DEBUG", "perhaps"),
        (Env.integers, "FETCH_LOOPBACK_PORTS", "1,x"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_by_its_key(read, name, value) -> None:
    with pytest.raises(SettingsError, match=name):
        read(Env({name: value}), name)


@pytest.mark.parametrize(("text", "value"), [("on", True), ("No", False), ("", False), ("1", True)])
def test_switches_are_read_in_plain_words(text, value) -> None:
    assert Env({"DEBUG": text}).boolean("DEBUG") is value


def test_lists_may_have_spaces_and_empty_items() -> None:
    assert Env({"ALLOWED_HOSTS": " a.example, ,b.example,"}).items("ALLOWED_HOSTS") == [
        "a.example",
        "b.example",
    ]
