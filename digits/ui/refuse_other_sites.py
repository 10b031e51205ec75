"""Pages of other sites cannot make a visitor's browser ask for work here."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

BODY = b'{"detail": "A page of another site may not ask this one."}'


class RefuseOtherSites:
    """ASGI middleware: 403 for what a browser sends on behalf of another site's page, other than opening this one.

    Programs send none of these headers. Behind a proxy Host may be the proxy's own choice, so it is compared only where
    there is none; there the page is mostly under https, where browsers send Sec-Fetch-Site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or not is_foreign(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that a page of another site asks."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "cross-site"
    proxied = any(name.startswith("x-forwarded-") for name in headers)
    return origin is not None and not proxied and urlsplit(origin).netloc != headers.get("host")
