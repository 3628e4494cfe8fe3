"""Text from elsewhere, made harmless for a terminal."""

import re

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: they move the cursor, hide text, answer in our name
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks: they make text look like other text
    "\ud800-\udfff]"  # half characters, which no encoding can write
)


def printable(text: str) -> str:
    r"""The text with what a terminal would obey written as `\u001b`; line ends and tabs stay, JSON stays JSON."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
