"""schemathesis against everything that the OpenAPI document tells, on a real server with a worker: 0 × 5xx, and the
document is true. What it finds, it prints with the request that shows it.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from jobhive.core.access import Scope
from jobhive.core.token import Minted, NewToken, mint
from jobhive.store.sqlite import SqliteStore
from jobhive.testing import fail, insert_one, start_one
from tests.api.served import ROOT, serving
from tests.api.test_access import OPEN_ROUTES
from tests.api.test_openapi import ROUTES
from tests.api.test_workers import ANN

_QUICK = ("--generation-deterministic", "--max-examples", "5")
_PATTERNS = {route: re.compile(re.sub(r"{\w+}", "[^/]+", route)) for route in ROUTES}

Statuses = dict[str, set[int]]  # by route


async def test_garbage_of_an_admin_is_answered_as_the_document_says(store: SqliteStore) -> None:  # issue: 0 × 5xx
    statuses = await _fuzz(store, *_QUICK, is_token_shown=True)
    assert statuses.keys() == ROUTES
    for route, seen in statuses.items():
        assert seen & {200, 201, 204}, f"{route}: no request was ever answered well, only {seen}"
    for parameter in ("{job_id}", "{worker_id}", "{token_id}"):
        assert any(404 in seen for route, seen in statuses.items() if parameter in route), parameter


async def test_garbage_of_a_stranger_is_answered_401_before_it_is_looked_at(store: SqliteStore) -> None:  # H14
    statuses = await _fuzz(store, *_QUICK, "--phases", "coverage", is_token_shown=False)
    assert statuses.keys() == ROUTES
    for route, seen in statuses.items():
        assert seen <= ({200, 405} if route in OPEN_ROUTES else {401, 405}), route
    assert sum((await store.jobs.counts()).values()) == 40


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_much_garbage_of_an_admin_is_answered_as_the_document_says(store: SqliteStore, seed: int) -> None:
    assert (await _fuzz(store, "--max-examples", "300", "--seed", str(seed), is_token_shown=True)).keys() == ROUTES


async def _fuzz(store: SqliteStore, *options: str, is_token_shown: bool) -> Statuses:
    """All that was answered."""
    token = await _token(store, Scope.ADMIN)
    config = await _prepare(store)
    if is_token_shown:
        options += ("--header", f"Authorization: Bearer {token.text}")
    async with serving(store.path, "tests.api.fuzzed") as served:
        report = store.path.with_name("report.har")
        fuzzer = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", str(served.client.base_url.join("/openapi.json")), "--report-har-path", str(report)),
            *("--checks", "all", "--continue-on-failure", "--no-color", *options),
            cwd=store.path.parent,
            env=os.environ | {"PYTHONPATH": str(ROOT), "FUZZER_TOKEN_ID": token.token_id},
        )
        assert await fuzzer.wait() == 0, "schemathesis found what it has printed"
        assert served.process.returncode is None
    return _answered(json.loads(report.read_text()))


async def _prepare(store: SqliteStore) -> Path:
    """What the fuzzer will know the ids of, as many of them as of nothing; returns its configuration."""
    failed = [await start_one(store) for _ in range(20)]
    await store.jobs.finish([fail(claim) for claim in failed])
    scheduled = [await insert_one(store, delay_ms=86_400_000) for _ in range(20)]
    await store.workers.beat(ANN)
    folder = store.path.parent
    for name, ids in {
        "jobs": [*scheduled, *(claim.job_id for claim in failed)],
        "workers": [ANN.worker_id],
        "tokens": [(await _token(store, Scope.READ)).token_id for _ in range(5)],
    }.items():
        nothing = [f"{name}-{number}" for number in range(len(ids))]
        (folder / f"{name}.txt").write_text("\n".join(f'"{each}"' for each in [*ids, *nothing]))
    return Path(shutil.copy(Path(__file__).with_name("fuzzing.toml"), folder))


async def _token(store: SqliteStore, scope: Scope) -> Minted:
    minted = mint()
    await store.tokens.add(NewToken(minted.token_id, minted.digest, "fuzzer", "ann", (scope,)), by="user:test")
    return minted


def _answered(report: dict[str, Any]) -> Statuses:
    """From an HTTP archive (HAR)."""
    statuses: Statuses = defaultdict(set)
    for entry in report["log"]["entries"]:
        asked = f"{entry['request']['method']} {urlsplit(entry['request']['url']).path}"
        for route, pattern in _PATTERNS.items():
            if pattern.fullmatch(asked):
                statuses[route].add(entry["response"]["status"])
    return statuses
