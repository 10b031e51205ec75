"""Requests that nobody should send get a sentence, and the log one line each, not a stack trace of Gradio's."""

import json
import logging
import sys

import gradio.queueing
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

LINE = 100  # characters of what was sent, or of what Gradio says of it
ADVICE = '"Use via API" at the foot of the page says how to ask.'


def tell(error: BaseException | None) -> str:
    return f"{type(error).__name__} {str(error)[:LINE]!r}"


class OneLine:
    """Stands for the module `traceback` in Gradio's queue, which prints a trace of each event that failed. Ours have
    told of their own faults before (`digits.ui.api.refusing`).
    """

    @staticmethod
    def print_exc() -> None:
        log.warning("An event failed: %s", tell(sys.exc_info()[1]))


def quiet_queue() -> None:
    """From now on, an event that makes no sense leaves one line."""
    vars(gradio.queueing)["traceback"] = OneLine


class RefuseGarbage:
    """ASGI middleware: where Gradio's own code fails at a request, the answer is 400.

    Our server functions have answered their own faults before (`digits.ui.requests.answer_errors`), so what comes here
    is a request that names what is not there, or is none of the shapes that Gradio expects.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            log.warning("A request to %r made no sense: %s", scope["path"][:LINE], tell(error))
            if begun:
                return
            why = f" ({str(error).split('. ')[0]})" if isinstance(error, TypeError) else ""  # names a wrong parameter
            body = json.dumps({"detail": f"The request makes no sense{why}; {ADVICE}"}).encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 400, "headers": headers})
            await send({"type": "http.response.body", "body": body})
