"""Servers in processes of their own, one of them killed."""

import httpx2
import pytest

from jobhive.store.sqlite import SqliteStore
from jobhive.testing import append, complete, start_one
from tests.api.served import serving
from tests.api.wire import opened, whole


async def test_a_stream_goes_on_from_another_process_after_its_server_was_killed(store: SqliteStore) -> None:  # I3, I8
    claim = await start_one(store)
    url = f"/v1/jobs/{claim.job_id}/stream"
    async with serving(store.path) as first, opened(first.client, url) as stream:
        seen = [await anext(stream)]
        for number, value in enumerate("abc", 2):
            await store.events.append([append(claim, number, value)])
            seen.append(await anext(stream))
        first.process.kill()
        with pytest.raises(httpx2.TransportError):
            await anext(stream)
    await store.events.append([append(claim, 5, "d")])
    async with serving(store.path) as second:
        async with opened(second.client, url, Last_Event_ID=str(seen[-1].id)) as stream:
            rest = [await anext(stream)]
            await store.jobs.finish([complete(claim)])
            rest += [frame async for frame in stream]
        everything = await whole(second.client, url)
    assert [*seen, *rest[:-1]] == everything
    assert [frame.id for frame in everything] == [1, 2, 3, 4, 5, 6]
