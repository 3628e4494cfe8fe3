"""What is said of a server whose settings can be changed only where it is started."""

import pytest

from tests import postgres


async def test_a_server_that_never_vacuums_is_warned_of(
    server: postgres.Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop("fast")
    server.start("-c autovacuum=off")
    store = postgres.store(server.url)
    await store.open()
    await store.close()
    assert "autovacuum=off: with every job that ends, claims take longer" in caplog.text
