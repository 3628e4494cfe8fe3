"""Through pgbouncer in transaction mode: every promise that needs no LISTEN, and clear words for wrong settings."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from jobhive.core.errors import StoreRefused
from jobhive.testing import complete, start_one
from jobhive.testing.conformance.promises.audit import AuditLog
from jobhive.testing.conformance.promises.signals import Signalling
from jobhive.testing.conformance.promises.suspects import Suspecting
from jobhive.testing.conformance.suite import StoreConformance
from jobhive.testing.stores import StoreMaker
from tests import postgres
from tests.cli.program import jobhive
from tests.pgbouncer import IGNORING, KNOWS_PREPARED, PREPARED, UNPREPARED, Pooler
from tests.system.installation import Installation
from tests.system.lasting import is_serving

pytestmark = pytest.mark.slow  # the quick suite has no pgbouncer

_PATH_TOO = f"{IGNORING}, search_path"


_TOLD_BY_OTHERS = {  # beside those that are about signals
    AuditLog.test_a_new_entry_rings.__name__,
    Suspecting.test_a_suspect_that_nobody_asks_for_is_absolved.__name__,
}


class TestStoreBehindAPooler(StoreConformance):
    @pytest.fixture
    def make_store(self, postgres_url: str, pooler: Pooler, way: str) -> StoreMaker:
        return StoreMaker("tests.postgres:store", _started(pooler, postgres_url, way))

    @pytest.fixture(autouse=True)
    def _needs_no_listen(self, request: pytest.FixtureRequest) -> None:
        """Skips what is about hearing of others at once: behind a pooler everybody looks for himself."""
        name, is_told_by_others = request.node.originalname, "other" in request.fixturenames
        is_told_by_others |= name.startswith("test_another_process_rings_")
        if name in _TOLD_BY_OTHERS or (is_told_by_others and name in vars(Signalling)):
            pytest.skip("it needs LISTEN, which no pooler in transaction mode has")


def _started(pooler: Pooler, server: str, way: str) -> str:
    """The URL of the pooler, once it stands before the server."""
    pooler.configure(server, IGNORING)
    pooler.start()
    return f"{pooler.address}&{way}"


# ---- what a user does -----------------------------------------------------------------------------------------------


async def test_a_job_is_enqueued_streamed_and_done(tmp_path: Path, postgres_url: str, pooler: Pooler, way: str) -> None:
    url = _started(pooler, postgres_url, way)
    async with Installation(tmp_path, "--processes", "2", url=url) as installation:
        await installation.until(partial(is_serving, installation))
        run = partial(jobhive, cwd=tmp_path, changes=installation.environment)
        counted = await asyncio.to_thread(run, "run", "count", "-a", "n=3")
        assert (counted.code, counted.out.split()) == (0, ["0", "1", "2"]), counted.err
        squared = await asyncio.to_thread(run, "run", "square", "-a", "n=12", "--json")
        assert '"square": 144' in squared.out, squared.err
        status = await asyncio.to_thread(run, "db", "status")
        assert status.code == 0, status.err


async def test_no_program_leaves_its_settings_to_others(
    tmp_path: Path, postgres_url: str, pooler: Pooler, way: str
) -> None:
    store = postgres.store(_started(pooler, postgres_url, way))
    await store.open()
    with pytest.raises(StoreRefused, match="pg_dump needs one of its own; name the server itself"):
        await store.backup(tmp_path / "copy")
    claim = await start_one(store)  # pg_dump leaves an empty search_path where others are busy
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()


# ---- wrong settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "options", "complaint"),
    [
        ("", "", "idle_in_transaction_session_timeout.*add statement_cache_size=0"),
        ("", f"{UNPREPARED}&search_path=mine", "search_path.*take it out .* ALTER ROLE"),
        (_PATH_TOO, f"{UNPREPARED}&search_path=mine", "left search_path=mine out"),
        (IGNORING, f"{UNPREPARED}&listen=on", "add listen=off"),
    ],
)
async def test_wrong_settings_are_told_at_the_start(
    postgres_url: str, pooler: Pooler, settings: str, options: str, complaint: str
) -> None:
    pooler.configure(postgres_url, settings)
    pooler.start()
    with pytest.raises(StoreRefused, match=complaint):
        await postgres.store(f"{pooler.address}&{options}").open()


async def test_prepared_statements_are_only_for_poolers_that_know_them(postgres_url: str, pooler: Pooler) -> None:
    pooler.configure(postgres_url, IGNORING)
    pooler.start()
    store = postgres.store(f"{pooler.address}&{PREPARED}")
    if pooler.version < KNOWS_PREPARED:
        with pytest.raises(StoreRefused, match="mixes up prepared statements; add statement_cache_size=0"):
            await store.open()
        return
    await store.open()
    for _ in range(50):
        claim = await start_one(store)
        assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()


async def test_a_pooler_that_lends_whole_sessions_is_like_the_server(server: postgres.Server, pooler: Pooler) -> None:
    pooler.configure(server.url, IGNORING, "pool_mode = session", connections=20)
    pooler.start()
    store = postgres.store(pooler.address)
    await store.open()
    claim = await start_one(store)
    assert await store.jobs.finish([complete(claim)]) == [claim.job_id]
    await store.close()
