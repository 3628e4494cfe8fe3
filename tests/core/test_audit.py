"""The chain and its checkpoint, against whoever rewrites the log."""

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from jobhive.core.audit import GENESIS, AuditEntry, Checkpoint, Flaw, Verification, canonical, link, sign

KEY = b"k" * 32
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def chained(entries: list[AuditEntry]) -> list[AuditEntry]:
    """The same with numbers and hashes as the store gives them."""
    previous, sealed = GENESIS, list[AuditEntry]()
    for number, each in enumerate(entries, 1):
        numbered = each._replace(number=number)
        previous = link(numbered, previous)
        sealed.append(numbered._replace(hash=previous))
    return sealed


def first_flaw(entries: list[AuditEntry], checkpoint: Checkpoint | None) -> Flaw | None:
    verification = Verification(checkpoint)
    found = (flaw for each in sorted(entries) if (flaw := verification.read(each)))
    return next(found, None) or verification.end()


entry_values = st.builds(AuditEntry, st.just(0), st.integers(0, 2**53), texts, texts, texts, texts, st.none())
logs = st.lists(entry_values, min_size=1, max_size=8).map(chained)


class Tampered(NamedTuple):
    """A log before and after, and how far it was signed."""

    before: list[AuditEntry]
    after: list[AuditEntry]
    signed_to: int


@st.composite
def tamperings(draw: st.DrawFn) -> Tampered:
    before = draw(logs)
    signed_to = draw(st.integers(1, len(before)))
    at = draw(st.integers(0, signed_to - 1))
    after = list(before)
    match draw(st.sampled_from(["change", "delete", "insert", "swap", "cut"])):
        case "change":
            field = draw(st.integers(1, 6))
            value = draw(st.integers(0, 9) if field == 1 else texts)
            after[at] = AuditEntry._make([*after[at][:field], value, *after[at][field + 1 :]])
        case "delete":
            del after[at]
        case "insert":
            after.insert(at, draw(entry_values)._replace(number=at + 1, hash="0" * 64))
            after[at + 1 :] = [each._replace(number=each.number + 1) for each in after[at + 1 :]]
        case "swap":
            other = draw(st.integers(0, len(after) - 1))
            after[at], after[other] = after[other]._replace(number=at + 1), after[at]._replace(number=other + 1)
        case _:
            del after[at:]
    return Tampered(before, chained(after) if draw(st.booleans()) else after, signed_to)


@settings(max_examples=500)
@given(tamperings())
def test_whatever_is_changed_before_the_checkpoint_is_found(log: Tampered) -> None:  # P20
    signed = log.before[log.signed_to - 1]
    checkpoint = sign(signed.number, signed.hash or "", KEY)
    assert first_flaw(log.before, checkpoint) is None
    is_as_it_was = log.after[: log.signed_to] == log.before[: log.signed_to]
    assert (first_flaw(log.after[: log.signed_to], checkpoint) is None) is is_as_it_was


def test_a_checkpoint_is_of_its_key_and_of_nothing_else() -> None:  # P20
    made = sign(7, "ab" * 32, KEY)
    assert made.is_genuine(KEY)
    assert not made.is_genuine(b"another")
    assert not made._replace(number=70).is_genuine(KEY)
    assert not made._replace(hash="ac" * 32).is_genuine(KEY)


def test_the_text_that_is_hashed_is_the_same_everywhere() -> None:
    assert canonical({"b": "é", "a": [1, None]}) == '{"a":[1,null],"b":"\\u00e9"}'
