"""One log for everything in the process: narration, uvicorn's lines, other libraries' and the handlers' own."""

import logging.config
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
    quieter = "DEBUG" if log_level == "debug" else "WARNING"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            # Named, not imported: structlog brings Rich with it, which is slow to load and wanted by programs only.
            "formatters": {"line": {"()": "jobhive.narration.rendering.line_formatter", "log_format": log_format}},
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}
            },
            "root": {"level": log_level.upper(), "handlers": ["stderr"]},
            "loggers": {name: {"level": quieter, "handlers": [], "propagate": True} for name in _TALKATIVE},
        }
    )
