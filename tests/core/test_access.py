"""Scopes, tokens and rates: decisions without a store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.access import LOCAL, Caller, Scope
from jobhive.core.errors import InvalidInput
from jobhive.core.rate import Rate, full, take
from jobhive.core.token import TokenRecord, Verdict, digest_of, id_of, judge, mint


def caller(*scopes: Scope) -> Caller:
    return Caller("token:t", "ann", frozenset(scopes), "t")


@pytest.mark.parametrize("scope", Scope)
def test_admin_may_all_and_others_what_they_hold(scope: Scope) -> None:  # H14
    assert caller(Scope.ADMIN).may(scope)
    assert LOCAL.may(scope)
    assert not caller().may(scope)
    assert caller(scope).may(Scope.READ) is (scope in {Scope.READ, Scope.ADMIN})
    assert caller(scope).sees_all is (scope in {Scope.OPERATE, Scope.ADMIN})


def test_owners_see_their_own() -> None:  # S16
    ann = caller(Scope.READ, Scope.SUBMIT)
    assert [ann.sees(owner) for owner in ("ann", "bob", "", "Ann")] == [True, False, False, False]


def test_a_token_is_random_recognisable_and_not_kept() -> None:  # security: tokens
    minted = [mint() for _ in range(100)]
    assert len({token.text[-43:] for token in minted}) == 100  # 43 characters of base64 hold 256 bits
    for token in minted:
        assert token.text.startswith("jh_")
        assert id_of(token.text) == token.token_id
        assert token.digest == digest_of(token.text)
        assert token.text[-43:] not in token.digest + token.token_id


@pytest.mark.parametrize("text", ["", "jh_", "password", "jh_0123456789abcdef_A", "jh_0123456789ABCDEF_" + "A" * 43])
def test_what_is_no_token_names_none(text: str) -> None:
    assert id_of(text) is None
    assert judge(text, None, 0) is Verdict.WRONG


def test_what_a_shown_token_is_worth() -> None:  # H14
    minted = mint()
    scopes = (Scope.READ,)
    record = TokenRecord(minted.token_id, minted.digest, "n", "ann", scopes, None, 0, None, None, None)
    assert judge(minted.text, record, 10) is Verdict.VALID
    assert judge(minted.text, record._replace(expires_at_ms=11), 10) is Verdict.VALID
    assert judge(minted.text, record._replace(expires_at_ms=10), 10) is Verdict.EXPIRED
    assert judge(minted.text, record._replace(revoked_at_ms=99), 10) is Verdict.REVOKED
    assert judge(minted.text[:-1] + "!", record, 10) is Verdict.WRONG
    assert judge(mint().text, record._replace(revoked_at_ms=1), 10) is Verdict.WRONG  # says nothing to strangers


@pytest.mark.parametrize(
    "text", ["", "0/s", "5", "5/m", "-1/s", "5/min ", "1.5/s", "5/day", "9999999999/s", "\u0665/s"]
)
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="600/min"):
        Rate.parse(text)


@given(st.integers(1, 1000), st.sampled_from(["s", "min", "h"]), st.lists(st.floats(0, 10_000), max_size=50))
def test_a_rate_is_never_passed_and_always_reached(calls: int, unit: str, pauses: list[float]) -> None:  # H14
    rate = Rate.parse(f"{calls}/{unit}")
    assert str(rate) == f"{calls}/{unit}"
    now, served, bucket = 0.0, 0, full(rate, 0.0)
    for pause in pauses:
        now += pause
        bucket, wait = take(bucket, rate, now)
        served += wait == 0
        assert served <= calls + now * rate.per_second + 1e-6
        if wait:
            _, again = take(bucket, rate, now + wait * 1.001 + 1e-6)
            assert again == 0


def test_a_whole_units_calls_may_come_at_once() -> None:
    rate = Rate(3, "min")
    bucket = full(rate, 100.0)
    waits = []
    for _ in range(4):
        bucket, wait = take(bucket, rate, 100.0)
        waits.append(wait)
    assert waits == [0, 0, 0, 20.0]
