"""What the process writes to standard error: a readable line on a terminal, a JSON object a line elsewhere."""

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from api.access_log import keep_queries_out
from api.log_storms import Calm
from engine.errors import StartError

AUDIT = "bangpath.audit"
AUDIT_BYTES = 10 * 2**20
AUDIT_FILES = 10

# A caller's text must not be able to forge a line, or to talk to the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def write_logs() -> None:
    """Send every logger's lines from INFO on to standard error; to be called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    renderer: Processor = _plain if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    handler.setFormatter(_formatter(renderer))
    handler.addFilter(Calm())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # What uvicorn tells of its start and end, the command tells in its own words.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # And that Tortoise has closed its connections is nothing that somebody who wants a token asked for.
    logging.getLogger("tortoise").setLevel(logging.WARNING)
    # httpx would tell every URL that workflows call, whose query may say what is nobody's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    keep_queries_out()


def write_audit(file: Path) -> None:
    """Send the audit to a file of its own, a JSON object a line, instead of to standard error.

    Full files are renamed `.1` to `.10` and the oldest is forgotten; each process needs its own.
    """
    try:
        handler = RotatingFileHandler(file, maxBytes=AUDIT_BYTES, backupCount=AUDIT_FILES, encoding="utf-8")
        file.chmod(0o600)
    except OSError as error:
        raise StartError(
            f"the audit cannot be written to {file} ({error.strerror}): set BANGPATH_AUDIT_FILE."
        ) from None
    handler.setFormatter(_formatter(structlog.processors.JSONRenderer()))
    handler.addFilter(Calm())
    audit = logging.getLogger(AUDIT)
    audit.addHandler(handler)
    audit.propagate = False


def _formatter(renderer: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )


def _plain(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    line = f"{event['timestamp'][11:19]} {event['level']:<7} {event['event']}".replace("\n", "\\n")
    trace = f"\n{event['exception']}" if "exception" in event else ""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line + trace)
