"""The log, written by a thread of its own, so that no request waits for whoever reads it.

A terminal can be held (Ctrl-S, or text that is selected in Windows' console), a pipe can be full or without a reader:
whoever prints then stands still or fails, and in the event loop that is everybody.
"""

import logging
import queue
from logging.handlers import QueueHandler, QueueListener

MOST_LINES = 1_000  # that wait; what comes after them is lost


class _ToQueue(QueueHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """It is full."""


class _ToTerminal(logging.StreamHandler):  # type: ignore[type-arg]  # a type argument only for type checkers
    def handleError(self, record: logging.LogRecord) -> None:
        """Nobody reads it any more."""


def write_log_in_thread() -> None:
    """From now on, what this package and the HTTP server log goes to standard error by a thread that nobody waits for.
    The server sets its own logging at its start, so this comes after it.
    """
    lines: queue.Queue[logging.LogRecord] = queue.Queue(MOST_LINES)
    for name in ("digits", "uvicorn"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [_ToQueue(lines)], False
    QueueListener(lines, _ToTerminal()).start()
