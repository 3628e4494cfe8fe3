"""A claim's token stands for its attempt, and its receipt for the claim."""

from hypothesis import given
from hypothesis import strategies as st

from jobhive.core.receipt import Receipt, attempt_of
from tests.core.test_decide import TOKEN, a_claim


@given(attempt=st.integers(0, 2**31 - 1), salt=st.integers(0, 2**32 - 1))
def test_a_token_tells_its_attempt_whatever_its_salt(attempt: int, salt: int) -> None:  # B2
    assert attempt_of(attempt << 32 | salt) == attempt


def test_a_claim_tells_its_receipt_and_its_attempt() -> None:
    claim = a_claim()
    assert claim.receipt == Receipt("job-1", TOKEN)
    assert claim.attempt == 1
