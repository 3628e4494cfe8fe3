"""Log records as lines. Loaded by `configure_logging` through logging's own configuration, in programs only."""

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

from jobhive.narration.colour import Colour, has_colour, painted
from jobhive.narration.printable import printable

_LEVEL_COLOURS = {"debug": Colour.DIM, "warning": Colour.YELLOW, "error": Colour.RED, "critical": Colour.RED}
_TOLD_FIRST = ("at", "level", "actor", "action", "target", "sentence", "job_id", "exception")


def line_formatter(log_format: Literal["auto", "human", "json"]) -> logging.Formatter:
    """A formatter for this form; `auto` is `human` where stderr is a terminal and `json` elsewhere."""
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    is_human = log_format == "human" or (log_format == "auto" and sys.stderr.isatty())
    renderer = HumanRenderer(has_colour(sys.stderr)) if is_human else structlog.processors.JSONRenderer()
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.processors.format_exc_info, as_step, renderer],
    )


def as_step(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Gives narration, foreign records and structlog's events the same keys; facts follow them."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    told: EventDict = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        **_narrated(record, event.pop("event")),
    }
    return {key: value for key, value in told.items() if value is not None} | {
        f"{key}_" if key in told else key: value for key, value in {**_facts(record), **event}.items()
    }


def _narrated(record: logging.LogRecord, message: object) -> dict[str, object]:
    step: dict[str, object] = getattr(record, "narration", {"actor": record.name, "sentence": str(message)})
    return {key: value for key, value in step.items() if key != "facts"}


def _facts(record: logging.LogRecord) -> dict[str, object]:
    facts: dict[str, object] = getattr(record, "narration", {}).get("facts", {})
    return facts


class HumanRenderer:
    """`14:03:11 rescuer  rescued job-…  no sign of worker-… for 31 s  queue=default`."""

    def __init__(self, has_colour: bool) -> None:
        self._has_colour = has_colour

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> str:
        """The line, and the traceback under it where there is one."""
        level: str = event["level"]
        colour = _LEVEL_COLOURS.get(level)
        at = datetime.fromisoformat(event["at"]).astimezone()
        parts = [
            self._paint(f"{at:%H:%M:%S}", Colour.DIM),
            self._paint(f"{event['actor']:<10}", Colour.CYAN),
            *([self._paint(level, colour)] if level not in {"info", "debug"} else []),
            self._act(event),
            self._paint(_one_line(event["sentence"]), colour),
            *self._trailing(event),
        ]
        line = " ".join(filter(None, parts))
        return f"{line}\n{printable(event['exception'])}" if "exception" in event else line

    def _act(self, event: EventDict) -> str:
        if "action" not in event:
            return ""
        act = f"{_one_line(event['action'])} {_one_line(event['target'])}"
        return self._paint(act, Colour.BOLD) + ":"

    def _trailing(self, event: EventDict) -> list[str]:
        shown = {key: value for key, value in event.items() if key not in _TOLD_FIRST}
        if "job_id" in event and event["job_id"] not in str(event.get("target")):
            shown = {"job": event["job_id"], **shown}
        return [self._paint(f"{key}={_one_line(value)}", Colour.DIM) for key, value in shown.items()]

    def _paint(self, text: str, colour: Colour | None) -> str:
        return painted(text, colour if self._has_colour else None)


def _one_line(value: object) -> str:
    return printable(str(value)).replace("\n", "\\n")
