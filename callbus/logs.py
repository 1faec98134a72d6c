"""Log lines for people (pretty) or for machines (JSON), with the call in each."""

import json
import logging
import sys
import time
from typing import Literal

Format = Literal["pretty", "json"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record with everything that was given as ``extra``."""
        line: dict[str, object] = {
            "at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PrettyFormatter(logging.Formatter):
    """Time, level, service, call, text."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback below it where there is one."""
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        call_id = getattr(record, "call_id", None)
        call = f" [{call_id}]" if call_id else ""
        text = f"{at}.{int(record.msecs):03d} {record.levelname:<7} {self._service}{call} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def configure(service: str, *, format: Format = "pretty", level: str = "INFO") -> None:
    """Send all logging to stderr, once per process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service) if format == "json" else PrettyFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # They log each request at INFO.
    for noisy in ("aiohttp.access", "faststream", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
