"""One log for everything in the process: narration, uvicorn's lines, other libraries' and the handlers' own."""

import importlib
import logging
from typing import Literal

_TALKATIVE = ("httpx2", "httpcore2", "uvicorn", "asyncio")  # they say at `info` what nobody asked for


def configure_logging(
    log_format: Literal["auto", "human", "json"] = "auto",
    log_level: Literal["debug", "info", "warning", "error"] = "info",
) -> None:
    """Sends all logging of this process to stderr: lines for people on a terminal, one JSON object a line otherwise.

    For programs that own their process; a library never calls it. structlog's own loggers are included. The last call
    wins. uvicorn joins when it is started with `log_config=None`.
    """
    # Imported by programs only: structlog brings Rich with it, which is slow to load.
    rendering = importlib.import_module("jobhive.narration.rendering")
    formatter: logging.Formatter = rendering.line_formatter(log_format)
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=log_level.upper(), force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel("WARNING" if log_level == "info" else "NOTSET")
