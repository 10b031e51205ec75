"""Bodies of requests have a limit."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_REQUEST = 4_000_000  # bytes of JSON; the pad's largest picture is under it
UPLOAD = "/gradio_api/upload"  # whole: Gradio takes functions of any name, "upload" too, under /gradio_api/run/


class LimitBody:
    """ASGI middleware: a body over LARGEST_REQUEST gets 413 and one sentence. Uploads have Gradio's own limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(UPLOAD):
            await self.app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        received, begun = 0, False

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_REQUEST:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if not length.isdigit() or int(length) > LARGEST_REQUEST:
                raise _TooLarge
            await self.app(scope, limited, noted)
        except _TooLarge:
            if begun:
                raise
            body = b'{"detail": "The request is too large; send at most 4 MB."}'
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": body})


class _TooLarge(BaseException):
    """Not an Exception, so that nothing between takes it for a body that cannot be parsed."""
