"""Tokens and the audit log from the terminal."""

import json
from pathlib import Path

import apsw
import pytest

from tests.cli.conftest import HERE
from tests.cli.program import Background, jobhive


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """A data folder of the test's own."""
    return {"JOBHIVE_DATA": str(tmp_path), "JOBHIVE_APP": "sample_app:app"}


def test_from_the_first_token_on_the_server_asks_everybody(data: dict[str, str]) -> None:  # H14, I7
    made = jobhive("token", "new", "shop", "-s", "submit", "-s", "read", "--expires", "30d", changes=data)
    text = made.out.strip()
    assert (made.code, text[:3]) == (0, "jh_")
    assert text not in made.err
    server = Background("serve", "--host", "0.0.0.0", "--port", "0", cwd=HERE, changes=data)
    with server:
        port = json.loads(server.until('"listens"'))["target"].rpartition(":")[2]
        here = {"JOBHIVE_SERVER": f"http://127.0.0.1:{port}"}
        refused = jobhive("job", "ls", changes=here)
        assert (refused.code, "Authorization: Bearer" in refused.err) == (4, True)
        shown = here | {"JOBHIVE_TOKEN": text}
        job_id = jobhive("job", "new", "add", "-a", "a=1", "-a", "b=2", changes=shown).out.strip()
        assert json.loads(jobhive("job", "show", job_id, "--json", changes=shown).out)["owner"] == "shop"
        assert jobhive("queue", "pause", "default", changes=shown).code != 0
        [token] = json.loads(jobhive("token", "ls", "--json", changes=data).out)
        assert (token["is_valid"], token["used_at"] is not None) == (True, True)
        assert jobhive("token", "revoke", token["id"], changes=data).code == 0
        while (late := jobhive("job", "ls", changes=shown)).code == 0:
            pass
        assert (late.code, text in late.err) == (4, False)
    log = [json.loads(line) for line in jobhive("audit", "tail", "--json", changes=data).out.splitlines()]
    acts = [entry["act"] for entry in log]
    assert acts[:2] == ["TOKEN_CREATED", "JOB_CREATED"]
    assert {"TOKEN_REVOKED", "AUTH_FAILED"} <= set(acts)
    assert all(text not in str(entry) for entry in log)


def test_the_log_is_verified_and_a_change_is_named(data: dict[str, str], tmp_path: Path) -> None:  # P20
    for name in ("a", "b", "c"):
        jobhive("token", "new", name, "-s", "read", changes=data)
    with Background("serve", "--port", "0", cwd=HERE, changes=data) as server:
        server.until('"listens"')
        while "signed up to number 3" not in (told := jobhive("audit", "verify", changes=data)).out:
            assert told.code in {0, 1}
        server.stop()
    assert told.out.startswith("3 entries are as they were written")
    assert "cannot be seen" in told.out
    connection = apsw.Connection(str(tmp_path / "jobhive.db"))
    connection.execute("UPDATE audit SET actor = 'user:other' WHERE number = 2")
    connection.close()
    told = jobhive("audit", "verify", changes=data)
    assert (told.code, "audit entry 2 is not as it was written" in told.err) == (1, True)


def test_following_shows_what_comes(data: dict[str, str]) -> None:  # D7
    from tests.cli.program import Terminal

    jobhive("token", "new", "first", "-s", "read", changes=data)
    with Terminal("audit", "tail", "-f", changes=data) as tail:
        tail.until(r"TOKEN_CREATED.*first")
        jobhive("token", "new", "second", "-s", "read", changes=data)
        tail.until(r"TOKEN_CREATED.*second")
        tail.press("\x03")
        assert tail.end() == 130


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("new", "a"), "--scope"),
        (("new", "a", "-s", "root"), "root"),
        (("new", "a", "-s", "read", "--expires", "soon"), "15min, 12h or 30d"),
        (("new", "a", "-s", "read", "--rate", "often"), "600/min"),
        (("new", "a\nb", "-s", "read"), "printable"),
    ],
)
def test_what_is_typed_wrong_is_told(data: dict[str, str], arguments: tuple[str, ...], complaint: str) -> None:
    told = jobhive("token", *arguments, changes=data)
    assert (told.code, told.out, complaint in told.err) == (2, "", True)


def test_an_unknown_token_is_not_found(data: dict[str, str]) -> None:
    assert jobhive("token", "revoke", "tok-none", changes=data).code == 3
    assert jobhive("token", "ls", "-q", changes=data).out == ""


def test_a_token_that_is_none_is_not_sent(data: dict[str, str]) -> None:
    told = jobhive("status", changes=data | {"JOBHIVE_TOKEN": "jh_é\n"})
    assert (told.code, "é" in told.err) == (4, False)
