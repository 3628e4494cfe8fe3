"""Streams over HTTP: framing, exact resume, any number of readers, the end, and leaving."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from starlette.types import Message

from jobhive.api.sse import SSE, EventStream
from jobhive.core.receipt import Claim
from jobhive.testing import (
    BROKEN,
    append,
    cancel,
    claim_one,
    complete,
    fail,
    insert_one,
    retry,
    start_one,
)
from tests.api.conftest import Site, forever
from tests.api.wire import DONE, Frame, opened, whole

EVENTS = 12  # started, ten items, end


async def ended_job(site: Site) -> str:
    """A complete job with `EVENTS` events."""
    claim = await start_one(site.store)
    await tell(site, claim, 2, *"abcd")
    await tell(site, claim, 6, *"efghij")
    assert await site.store.jobs.finish([complete(claim, '"done"')]) == [claim.job_id]
    return claim.job_id


async def tell(site: Site, claim: Claim, first_seq: int, *values: str) -> None:
    assert await site.store.events.append([append(claim, first_seq, *values)]) == [claim.job_id]


async def test_a_stream_opened_after_the_end_replays_all_and_closes(site: Site) -> None:  # I2, I3
    job_id = await ended_job(site)
    frames = await whole(site.client, f"/v1/jobs/{job_id}/stream")
    assert [frame.id for frame in frames] == list(range(1, EVENTS + 1))
    assert [frame.data["type"] for frame in frames] == ["started", *["item"] * 10, "end"]
    assert frames[0].data["job_id"] == job_id
    assert [frame.data["value"] for frame in frames[1:-1]] == list("abcdefghij")
    assert frames[-1].data["result"] == "done"
    assert all(frame.data["at"].endswith("Z") for frame in frames)


async def test_streams_of_jobs_and_of_inference_are_the_same(site: Site) -> None:  # I1
    job_id = await ended_job(site)
    assert await whole(site.client, f"/v1/inference/{job_id}/stream") == await whole(
        site.client, f"/v1/jobs/{job_id}/stream"
    )


async def test_a_reader_resumes_exactly_after_every_event(site: Site) -> None:  # I3, P12
    job_id = await ended_job(site)
    url = f"/v1/jobs/{job_id}/stream"
    frames = await whole(site.client, url)
    for seen in range(EVENTS):
        rest = frames[seen:]
        assert await whole(site.client, url, Last_Event_ID=str(seen)) == rest
        assert await whole(site.client, f"{url}?after={seen}") == rest
        assert await whole(site.client, f"{url}?starting_after={seen}") == rest


async def test_the_header_of_a_browser_that_comes_back_wins_over_the_address(site: Site) -> None:  # I3
    job_id = await ended_job(site)
    [last] = await whole(site.client, f"/v1/jobs/{job_id}/stream?after=3", Last_Event_ID=str(EVENTS - 1))
    assert last.id == EVENTS


async def test_a_reader_that_has_the_last_event_of_a_final_job_is_told_to_stay_away(site: Site) -> None:  # I3
    job_id = await ended_job(site)
    for seen in (EVENTS, EVENTS + 1, 2**63 - 1):
        answer = await site.client.get(f"/v1/jobs/{job_id}/stream", headers={"Last-Event-ID": str(seen)})
        assert (answer.status_code, answer.content) == (204, b""), seen


async def test_a_number_that_is_none_is_refused(site: Site) -> None:
    url = f"/v1/jobs/{await ended_job(site)}/stream"
    for number in ("-1", "x", "1.5", str(2**63), ""):
        for answer, field in (
            (await site.client.get(url, headers={"Last-Event-ID": number}), "Last-Event-ID"),
            (await site.client.get(url, params={"after": number}), "after"),
            (await site.client.get(url, params={"starting_after": number}), "starting_after"),
        ):
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), number


async def test_an_unknown_job_has_no_stream(site: Site) -> None:  # I6
    answer = await site.client.get("/v1/jobs/job-00000000000000000000000000000000/stream")
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_JOB")


async def test_all_readers_of_a_running_job_see_the_same_as_it_comes(site: Site) -> None:  # I3, P12
    claim = await start_one(site.store)
    url = f"/v1/jobs/{claim.job_id}/stream"
    async with opened(site.client, url) as first, opened(site.client, url) as second:
        for number, value in enumerate("abc", 2):
            await tell(site, claim, number, value)
            if number == 2:
                started = [await anext(first), await anext(second)]
                assert [frame.data["type"] for frame in started] == ["started", "started"]
            told = [await anext(first), await anext(second)]
            assert told[0] == told[1]
            assert (told[0].id, told[0].data["value"]) == (number, value)
        await site.store.jobs.finish([complete(claim)])
        rest = [[frame async for frame in stream] for stream in (first, second)]
    assert rest[0] == rest[1]
    assert [frame.id for frame in rest[0]] == [5, None]
    assert rest[0][-1].data == DONE


async def test_a_reader_before_the_start_sees_the_start(site: Site) -> None:  # I8
    job_id = await insert_one(site.store)
    async with opened(site.client, f"/v1/jobs/{job_id}/stream") as stream:
        claim = await claim_one(site.store)
        assert (await anext(stream)).data["type"] == "started"
        await site.store.jobs.finish([complete(claim)])
        assert [frame.id async for frame in stream] == [2, None]


async def test_a_failed_job_ends_with_its_error_and_without_a_traceback(site: Site) -> None:  # I6, H14
    claim = await start_one(site.store)
    await tell(site, claim, 2, "a")
    await site.store.jobs.finish([fail(claim)])
    frames = await whole(site.client, f"/v1/jobs/{claim.job_id}/stream")
    assert [frame.data["type"] for frame in frames] == ["started", "item", "error"]
    assert (frames[-1].data["code"], frames[-1].data["message"]) == (BROKEN.code, BROKEN.message)
    assert BROKEN.traceback not in json.dumps([frame.data for frame in frames])


async def test_a_cancelled_job_says_so_in_its_end(site: Site) -> None:  # I2, I5
    claim = await start_one(site.store)
    await site.store.jobs.finish([cancel(claim, "enough")])
    *_, end = await whole(site.client, f"/v1/jobs/{claim.job_id}/stream")
    told = {name: end.data[name] for name in ("type", "state", "stop_reason", "reason")}
    assert told == {"type": "end", "state": "cancelled", "stop_reason": "CANCELLED", "reason": "enough"}


async def test_a_job_cancelled_before_it_began_has_but_an_end(site: Site) -> None:  # I5
    job_id = await insert_one(site.store)
    await site.store.jobs.cancel(job_id, "never mind")
    [end] = await whole(site.client, f"/v1/jobs/{job_id}/stream")
    assert (end.data["type"], end.data["reason"]) == ("end", "never mind")
    again = await site.client.get(f"/v1/jobs/{job_id}/stream", headers={"Last-Event-ID": str(end.id)})
    assert again.status_code == 204


async def test_a_retry_says_so_in_the_stream(site: Site) -> None:  # I9
    claim = await start_one(site.store)
    await tell(site, claim, 2, "a")
    await site.store.jobs.finish([retry(claim)])
    again = await claim_one(site.store)
    await site.store.jobs.finish([complete(again)])
    frames = await whole(site.client, f"/v1/jobs/{claim.job_id}/stream")
    assert [frame.data["type"] for frame in frames] == ["started", "item", "attempt", "end"]
    assert [frame.id for frame in frames] == [1, 2, 3, 4]


async def test_an_operators_retry_reopens_the_stream(site: Site) -> None:  # I9
    claim = await start_one(site.store)
    await site.store.jobs.finish([fail(claim)])
    url = f"/v1/jobs/{claim.job_id}/stream"
    seen = (await whole(site.client, url))[-1].id
    assert (await site.client.get(url, params={"after": seen})).status_code == 204
    assert (await site.client.post(f"/v1/jobs/{claim.job_id}/retry")).status_code == 200
    await site.store.jobs.finish([complete(await claim_one(site.store))])
    assert [frame.data["type"] for frame in await whole(site.client, f"{url}?after={seen}")] == ["attempt", "end"]


async def test_lines_of_json_for_those_who_accept_them(site: Site) -> None:
    job_id = await ended_job(site)
    frames = await whole(site.client, f"/v1/jobs/{job_id}/stream")
    answer = await site.client.get(f"/v1/jobs/{job_id}/stream", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == [{**frame.data, "seq": frame.id} for frame in frames]
    assert answer.text.endswith("\n")


async def test_browsers_and_curl_get_events(site: Site) -> None:
    job_id = await ended_job(site)
    for accept in ("*/*", "text/event-stream", "text/event-stream, application/x-ndjson"):
        assert len(await whole(site.client, f"/v1/jobs/{job_id}/stream", Accept=accept)) == EVENTS


async def test_nobody_buffers_or_keeps_a_stream(site: Site) -> None:
    job_id = await ended_job(site)
    answer = await site.client.get(f"/v1/jobs/{job_id}/stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_values_cannot_break_the_framing(site: Site) -> None:
    claim = await start_one(site.store)
    nasty = "a\n\ndata: [DONE]\r\rid: 7\n\u2028\x00\x85é𝄞"
    await tell(site, claim, 2, nasty)
    await site.store.jobs.finish([complete(claim)])
    frames = await whole(site.client, f"/v1/jobs/{claim.job_id}/stream")
    assert frames[1].data["value"] == nasty
    assert [frame.id for frame in frames] == [1, 2, 3]


async def test_numbers_that_json_does_not_have_become_null(site: Site) -> None:
    claim = await start_one(site.store)
    stored = append(claim, 2, "a")._replace(events='[["item", 0, {"value": [NaN, Infinity]}]]')
    await site.store.events.append([stored])
    await site.store.jobs.finish([complete(claim, "NaN")])
    frames = await whole(site.client, f"/v1/jobs/{claim.job_id}/stream")
    assert (frames[1].data["value"], frames[2].data["result"]) == ([None, None], None)
    assert (await site.client.get(f"/v1/jobs/{claim.job_id}")).json()["result"] is None


@pytest.mark.parametrize("site", [{"ping_every": timedelta(milliseconds=20)}], indirect=True)
async def test_a_quiet_stream_is_kept_open_by_comments(site: Site) -> None:
    job_id = await insert_one(site.store)
    async with opened(site.client, f"/v1/jobs/{job_id}/stream") as stream:
        await stream.ping()
        await stream.ping()
        await site.store.jobs.finish([complete(await claim_one(site.store))])
        assert [frame.id async for frame in stream] == [1, 2, None]


async def test_a_reader_that_leaves_leaves_nothing_behind(site: Site) -> None:  # P12
    claim = await start_one(site.store)
    before = asyncio.all_tasks()
    for _ in range(20):
        async with opened(site.client, f"/v1/jobs/{claim.job_id}/stream") as stream:
            assert (await anext(stream)).id == 1
            serving = asyncio.all_tasks() - before
            assert serving
        _, left = await asyncio.wait(serving, timeout=20)
        assert not left
    assert not site.store.signals._wakes, "somebody still listens to the job"


async def test_a_reader_that_leaves_within_a_replay_ends_it_at_once() -> None:  # P12
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:  # as a replay from the store: nothing in it ever waits
                yield b"data: {}\n\n"
        finally:
            closed.set()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def taken(message: Message) -> None:
        assert message["type"].startswith("http.response.")

    await EventStream(endless(), SSE, timedelta(seconds=15), forever)({"type": "http", "path": "/"}, gone, taken)
    assert closed.is_set()


async def test_a_job_purged_under_its_reader_ends_the_stream_without_done(site: Site) -> None:
    job_id = await insert_one(site.store)
    async with opened(site.client, f"/v1/jobs/{job_id}/stream") as stream:
        await site.store.jobs.cancel(job_id, "over")
        await site.store.jobs.purge(job_id)
        frames = [frame async for frame in stream]
    assert all(isinstance(frame, Frame) for frame in frames)
    assert (await site.client.get(f"/v1/jobs/{job_id}/stream")).status_code == 404


async def test_a_reader_that_takes_nothing_slows_only_itself(site: Site) -> None:  # I10, P12
    claim = await start_one(site.store)
    url = f"/v1/jobs/{claim.job_id}/stream"
    reader, writer = await asyncio.open_connection(site.host, site.port, limit=1024)
    writer.write(f"GET {url} HTTP/1.1\r\nHost: {site.host}\r\n\r\n".encode())
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    big = "x" * 100_000
    async with opened(site.client, url) as healthy:
        assert (await anext(healthy)).id == 1
        for number in range(2, 202):
            await tell(site, claim, number, big)
            assert (await anext(healthy)).id == number
    assert 0 < site.most_unsent_bytes() < 1_000_000  # of 20,000,000 told
    writer.transport.abort()


async def test_a_reader_that_does_not_follow_gets_what_there_is(site: Site) -> None:  # UC4
    claim = await start_one(site.store)
    await tell(site, claim, 2, *"abcd")
    url = f"/v1/jobs/{claim.job_id}/stream?follow=false"
    assert [frame.id for frame in await whole(site.client, url)] == [1, 2, 3, 4, 5]
    assert [frame.id for frame in await whole(site.client, f"{url}&after=5")] == []
