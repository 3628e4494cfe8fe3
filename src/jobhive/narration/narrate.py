"""One narrated step: an ordinary log record of the logger `jobhive`, so that embedding programs decide about it."""

import logging
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]

_logger = logging.getLogger("jobhive")
_levels = logging.getLevelNamesMapping()


def narrate(
    actor: str,
    action: str,
    target: str,
    sentence: str,
    *,
    job_id: str | None = None,
    level: Level = "info",
    **facts: object,
) -> None:
    """Tells one step: who (`rescuer`) did what (`rescued`) to which target, and a short sentence for a person.

    `facts` are further values for programs. Costs next to nothing below the configured level. The record carries all
    of it as its attribute `narration`.
    """
    number = _levels[level.upper()]
    if not _logger.isEnabledFor(number):
        return
    step = {"actor": actor, "action": action, "target": target, "sentence": sentence, "job_id": job_id, "facts": facts}
    _logger.log(number, "%s %s %s: %s", actor, action, target, sentence, extra={"narration": step})
