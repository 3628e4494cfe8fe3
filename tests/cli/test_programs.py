"""`jobhive serve` and `jobhive worker`: how they start, refuse to start, and stop."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from jobhive.cli.programs.working import worker_arguments
from jobhive.cli.root import outcome
from jobhive.worker.recycling import Wear
from tests.cli.conftest import HERE, Hive
from tests.cli.program import jobhive


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_programs_stop_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    hive = Hive(tmp_path)
    with hive.server() as server, hive.worker() as worker:
        assert hive("run", "add", "-a", "a=1", "-a", "b=2").code == 0
        assert worker.stop(number) == 0
        assert server.stop(number) == 0
    assert '"action": "stopped"' in server.log
    assert "Traceback" not in server.log + worker.log


def test_a_worker_finishes_what_runs_and_a_second_signal_gives_it_back(tmp_path: Path) -> None:
    hive = Hive(tmp_path)
    with hive.server():
        with hive.worker() as worker:
            job_id = hive("job", "new", "hang").out.strip()
            with hive.terminal("stream", job_id) as terminal:
                terminal.until("hanging")
                worker.process.send_signal(signal.SIGTERM)
                worker.until("stopping in good order")
                worker.process.send_signal(signal.SIGTERM)
                terminal.until("attempt   2 follows")
            assert worker.process.wait(30) == 0
        job = json.loads(hive("job", "show", job_id, "--json").out)
    assert (job["state"], job["failures"], job["crashes"]) == ("pending", 0, 0)


def test_several_processes_are_replaced_when_they_die(tmp_path: Path) -> None:
    hive = Hive(tmp_path)
    with hive.server(), hive.worker("--processes", "2") as crew:
        crew.until('"started"')
        workers = json.loads(hive("status", "--json").out)["workers"]
        assert len(workers) == 2
        os.kill(workers[0]["pid"], signal.SIGKILL)
        assert "killed by SIGKILL" in crew.until('"saw die"')
        crew.until('"started"')
        assert crew.stop() == 0


@pytest.mark.parametrize("wear", [Wear(), Wear(jobs=9)], ids=["lasting", "recycled"])
def test_a_process_under_a_supervisor_is_one_worker_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wear: Wear
) -> None:
    """Otherwise each would be a supervisor of further ones, without end."""
    begun: list[str] = []
    for name, value in {"JOBHIVE_PROCESSES": "2", "JOBHIVE_DATA": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("jobhive.worker.child.is_supervised", lambda: True)
    monkeypatch.setattr("jobhive.cli.programs.loop.run_program", lambda settings, program: program(None))
    for name in ("work_until_stopped", "supervise_workers"):
        monkeypatch.setattr(f"jobhive.cli.programs.working.{name}", lambda *_, name=name: begun.append(name))
    assert outcome(worker_arguments(None, ["mail"], 3, 5.0, wear)) == 0
    assert begun == ["work_until_stopped"]


def test_a_taken_port_is_a_conflict(tmp_path: Path) -> None:  # UC3
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = jobhive("serve", "--port", port, changes={"JOBHIVE_DATA": str(tmp_path)})
    assert done.code == 5
    assert port in done.err
    assert "--port" in done.err


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nowhere:app", "no module 'nowhere'"),
        ("sample_app:missing", "--app sample_app:app"),
        ("sample_app:not_an_app", "int"),
        ("broken_app:app", "ZeroDivisionError"),
        ("needy_app:app", "nothing_of_the_kind"),
        (":app", "module:name"),
        ("", "module:name"),
    ],
)
def test_an_application_that_cannot_be_had_is_told_by_name(tmp_path: Path, spec: str, told: str) -> None:
    (tmp_path / "broken_app.py").write_text("1 / 0\n")
    (tmp_path / "needy_app.py").write_text("import nothing_of_the_kind\n")
    (tmp_path / "sample_app.py").write_text((HERE / "sample_app.py").read_text())
    done = jobhive("serve", "--app", spec, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_model_that_is_none_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("no model")
    for path, told in (("nowhere.gguf", "nowhere.gguf"), ("notes.gguf", "not a GGUF model")):
        done = jobhive("worker", "--model", path, cwd=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert told in done.err
        found = jobhive("doctor", "--port", "0", cwd=tmp_path, changes={"JOBHIVE_MODEL": path})
        assert found.code == 1
        assert "FAIL\tmodel" in found.out


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    (tmp_path / "broken_app.py").write_text("1 / 0\n")
    done = jobhive("--debug", "serve", "--app", "broken_app:app", cwd=tmp_path)
    assert done.code == 2
    assert 'broken_app.py", line 1' in done.err


@pytest.mark.parametrize("url", ["postgresql:/localhost/x", "postgresql://localhost:x/x", "sqlite:///", "ftp://x"])
def test_a_store_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    done = jobhive("serve", "--url", url, cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("error: ")
    (tmp_path / "shop.py").write_text(f"from jobhive import Jobhive\napp = Jobhive({url!r})\n")
    assert jobhive("serve", "--app", "shop:app", cwd=tmp_path) == done
    assert list(tmp_path.glob("*.db")) == []


def test_an_application_that_names_another_store_than_the_settings_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("from jobhive import Jobhive\napp = Jobhive('sqlite:///shop.db')\n")
    for command in ("serve", "worker", "up"):
        done = jobhive(command, "--app", "shop:app", cwd=tmp_path, changes={"JOBHIVE_URL": "postgresql://me:no@db/x"})
        assert done.code == 2
        stores = f"shop:app names the store sqlite:///{tmp_path}/shop.db in its code, but the settings name"
        assert f"{stores} postgresql://me@db/x; write `Jobhive()` there" in done.err
    assert not (tmp_path / "shop.db").exists()


def test_a_damaged_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    file.write_text("these are my notes, and no database")
    done = jobhive("worker", "--app", "sample_app:app", "--url", str(file), cwd=HERE)
    assert done.code == 1
    assert str(file) in done.err
    assert file.read_text() == "these are my notes, and no database"
