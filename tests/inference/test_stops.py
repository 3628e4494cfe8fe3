"""Stop texts in text that comes in pieces."""

from hypothesis import example, given
from hypothesis import strategies as st

from jobhive.kinds.inference.stops import StopScan

TEXTS = st.text(alphabet="ab", max_size=30)
STOPS = st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=4)


def scanned(pieces: list[str], stops: list[str]) -> tuple[str, str | None]:
    """The text that is shown, and what stopped it."""
    scan = StopScan(stops)
    shown = ""
    for piece in pieces:
        text, stop = scan.scan(piece)
        shown += text
        if stop is not None:
            return shown, stop
    return shown + scan.rest(), None


@given(TEXTS, STOPS, st.data())
@example("xabcaby", ["aby", "b"], None)
def test_how_the_text_is_cut_makes_no_difference(text: str, stops: list[str], data: st.DataObject | None) -> None:  # I2
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8))) if data else [3]
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert scanned(pieces, stops) == scanned(list(text), stops)


@given(TEXTS, STOPS)
def test_the_text_ends_before_the_stop_text_that_is_complete_first(text: str, stops: list[str]) -> None:  # I2
    shown, stop = scanned(list(text), stops)
    if stop is None:
        assert shown == text
        assert not any(each in text for each in stops)
    else:
        assert text.startswith(shown + stop)
        assert not any(each in (shown + stop)[:-1] for each in stops)


def test_what_cannot_be_a_stop_text_is_shown_at_once() -> None:  # I2
    scan = StopScan(["\nUser:"])
    assert scan.scan("Hello\n") == ("Hello", None)
    assert scan.scan("Us") == ("", None)
    assert scan.scan("ually") == ("\nUsually", None)
