"""Settings come from the flag, else the environment, else the file, else the default; a wrong one names its origin."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.states import State
from jobhive.settings import InvalidSettings, Settings, explain_settings, load_settings, variable


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    return tmp_path


def test_defaults() -> None:
    settings = load_settings()
    assert settings.url == "sqlite:///.jobhive/jobhive.db"
    assert settings.server == "http://127.0.0.1:8700"
    assert (settings.host, settings.port) == ("127.0.0.1", 8700)
    assert (settings.poll_interval, settings.lease) == (2.0, timedelta(seconds=30))
    assert (settings.log_format, settings.log_level) == ("auto", "info")


def test_flag_beats_environment_beats_file_beats_default(  # UC7
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings().port == 8700
    (empty_folder / "jobhive.toml").write_text("port = 1\nhost = 'localhost'\n")
    assert load_settings().port == 1
    monkeypatch.setenv("JOBHIVE_PORT", "2")
    assert load_settings().port == 2
    settings = load_settings(port=3)
    assert settings.port == 3
    assert settings.host == "localhost"


def test_every_setting_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:  # UC7
    given = {
        "data": "kept",
        "url": "sqlite:///other.db",
        "host": "localhost",
        "port": "9000",
        "server": "https://jobs.example",
        "token": "jh_secret",
        "allowed_hosts": "jobs.example,192.0.2.7",
        "model": "tiny.gguf",
        "inference_url": "http://gpu:8000",
        "inference_key": "secret",
        "inference_dialect": "vllm",
        "inference_timeout": "60",
        "poll_interval": "0.5",
        "lease": "2.5",
        "retain_complete": "12h",
        "retain_failed": "30d",
        "retain_cancelled": "90",
        "log_format": "json",
        "log_level": "debug",
    }
    assert given.keys() == Settings.model_fields.keys()
    for name, value in given.items():
        monkeypatch.setenv(f"JOBHIVE_{name.upper()}", value)
    assert load_settings() == Settings.model_validate(given)
    assert load_settings().lease == timedelta(seconds=2.5)
    assert load_settings().keep == {
        State.COMPLETE: timedelta(hours=12),
        State.FAILED: timedelta(days=30),
        State.CANCELLED: timedelta(seconds=90),
    }


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBHIVE_PORT", "")
    assert load_settings().port == 8700


def test_the_store_is_in_the_data_folder_unless_it_is_named() -> None:
    assert load_settings(data=Path("/var/lib/jobhive")).url == "sqlite:////var/lib/jobhive/jobhive.db"
    assert load_settings(data=Path("kept"), url="mine.db").url == "mine.db"
    assert load_settings(data=Path("~/kept")).data == Path.home() / "kept"


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("::1", "http://[::1]:9000"),
    ],
)
def test_the_terminal_asks_where_the_server_listens(host: str, server: str) -> None:
    assert load_settings(host=host, port=9000).server == server


@pytest.mark.parametrize(
    ("variable_name", "value", "told"),
    [
        ("JOBHIVE_PORT", "abc", "setting 'port' from JOBHIVE_PORT"),
        ("JOBHIVE_PORT", "65536", "65535"),
        ("JOBHIVE_LEASE", "0", "greater than or equal"),
        ("JOBHIVE_LEASE", "soon", "'soon'"),
        ("JOBHIVE_RETAIN_FAILED", "a while", "'a while'"),
        ("JOBHIVE_RETAIN_FAILED", "-1d", "JOBHIVE_RETAIN_FAILED"),
        ("JOBHIVE_RETAIN_FAILED", "9" * 400 + "d", "JOBHIVE_RETAIN_FAILED"),
        ("JOBHIVE_DATA", "~nobody-of-that-name", "a home"),
        ("JOBHIVE_POLL_INTERVAL", "-1", "greater than 0"),
        ("JOBHIVE_POLL_INTERVAL", "inf", "finite"),
        ("JOBHIVE_LOG_FORMAT", "xml", "'auto', 'human' or 'json'"),
        ("JOBHIVE_LOG_LEVEL", "loud", "JOBHIVE_LOG_LEVEL"),
        ("JOBHIVE_SERVER", "jobs.example", "http://"),
        ("JOBHIVE_INFERENCE_URL", "gpu:8000", "http://"),
        ("JOBHIVE_INFERENCE_KEY", "se\ncret", "printable ASCII"),
        ("JOBHIVE_INFERENCE_DIALECT", "klingon", "'vllm'"),
        ("JOBHIVE_INFERENCE_TIMEOUT", "0", "greater than 0"),
    ],
)
def test_a_wrong_value_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, variable_name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable_name, value)
    with pytest.raises(InvalidSettings, match=variable_name) as error:
        load_settings()
    assert told in str(error.value)


def test_all_wrong_values_are_told_at_once(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_folder / "jobhive.toml").write_text("port = 'x'\n")
    monkeypatch.setenv("JOBHIVE_LEASE", "never")
    with pytest.raises(InvalidSettings) as error:
        load_settings(poll_interval=0)
    for origin in ("from jobhive.toml", "from JOBHIVE_LEASE", "from --poll-interval"):
        assert origin in str(error.value)


def test_a_wrong_address_is_not_repeated_because_it_may_hold_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBHIVE_SERVER", "ftp://me:secret@jobs.example")
    with pytest.raises(InvalidSettings, match="JOBHIVE_SERVER") as error:
        load_settings()
    assert "secret" not in str(error.value)


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBHIVE_INFERENCE_KEY", "sesame")
    assert "sesame" not in f"{load_settings()} {load_settings()!r} {load_settings().model_dump_json()}"
    assert "sesame" not in str(explain_settings())
    for odd in ("sesame\n", "sesame ", "sesame\u00e9"):
        monkeypatch.setenv("JOBHIVE_INFERENCE_KEY", odd)
        with pytest.raises(InvalidSettings, match="without spaces") as error:
            load_settings()
        assert "sesame" not in str(error.value)


@pytest.mark.parametrize("text", ["= 1", "port = ", "\xff"])
def test_a_broken_file_is_told_by_name(empty_folder: Path, text: str) -> None:
    (empty_folder / "jobhive.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidSettings, match=r"jobhive\.toml cannot be read"):
        load_settings()


def test_a_misspelt_setting_in_the_file_is_told_with_the_known_ones(empty_folder: Path) -> None:
    (empty_folder / "jobhive.toml").write_text("prot = 8700\n")
    with pytest.raises(InvalidSettings, match=r"no setting 'prot'.*port"):
        load_settings()


@given(
    name=st.sampled_from(sorted(Settings.model_fields)),
    value=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
)
def test_whatever_is_given_either_holds_or_is_refused_by_name(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable(name), value)
        told = _told()
    assert told is None or told.startswith(f"setting {name!r} from {variable(name)}: ")


def _told() -> str | None:
    try:
        load_settings()
    except InvalidSettings as error:
        return str(error)
    return None
