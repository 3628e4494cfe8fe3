"""A URL of PostgreSQL: what is read from it, what is shown of it, and which is none."""

from datetime import timedelta

import pytest

from jobhive.app.locate import store_at
from jobhive.core.errors import WrongStoreUrl
from jobhive.settings import load_settings
from jobhive.store.postgres import PostgresStore
from jobhive.store.postgres.address import address_of


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://u:p%40ss@h/d", "postgresql://u@h/d"),
        (
            "postgresql://u:p@h1:1,h2:2/d?target_session_attrs=read-write",
            "postgresql://u@h1:1,h2:2/d?target_session_attrs=read-write",
        ),
        ("postgresql://u@h?dbname=d&application_name=x", "postgresql://u@h/d?application_name=x"),
        ("postgresql://u@h/other?database=d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/run/x&user=u&password=secret&pool_size=3", "postgresql:///d?host=/run/x&user=u"),
    ],
)
def test_a_url_is_shown_without_secrets_and_without_our_options(url: str, shown: str) -> None:
    store = store_at(load_settings(url=url, lease=9))
    assert isinstance(store, PostgresStore)
    assert store.lease == timedelta(seconds=9)
    assert store.url == shown
    assert "pool_size" not in address_of(url).dsn


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:SECR@ET@h/d",
        "postgresql://me:SECR/ET@h/d",
        "postgresql://me:SECR?ET@h/d",
        "postgresql://me:SECR#ET@h/d",
    ],
)
def test_a_password_that_ends_the_address_is_refused_and_told_in_no_part(url: str) -> None:
    with pytest.raises(WrongStoreUrl, match="%-encoded") as refusal:
        address_of(url)
    assert not any(part in str(refusal.value) for part in ("SECR", "ET@"))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://h:abc/d", "port 'abc'"),
        ("postgresql://h1,h2:99999/d", "port '99999' in the store's URL is no number from 1 to 65535"),
        ("postgresql://[::1:5432/d", "cannot be read"),
        ("postgresql://h/d?target_session_attrs=readwrite", "none of any, primary, standby, read-write"),
        ("postgresql://h/d?connect_timeout=0", "whole number from 1"),
        ("mysql://h/d", "no PostgreSQL URL"),
    ],
)
def test_an_address_that_is_none_is_told_before_anything_is_opened(url: str, complaint: str) -> None:
    with pytest.raises(WrongStoreUrl, match=complaint):
        address_of(url)


def test_each_database_has_a_folder_of_its_own() -> None:
    same = ["postgresql://h:1/d", "postgresql://u:p@h:1/d?pool_size=3", "postgresql://u:a:b@h:1/d"]
    others = ["postgresql://h:1/e", "postgresql://h:2/d", "postgresql://h:1/d?search_path=s"]
    by_options = ["postgresql:///d?host=h", "postgresql:///d?host=i", "postgresql:///d?host=h&port=2"]
    assert len({address_of(url).name for url in same}) == 1
    assert len({address_of(url).name for url in (same[0], *others, *by_options)}) == 7
