"""Who asks, by address, and how much work one address may ask for.

Anybody can make up visitors; nobody can make up an address. Behind a proxy it is the one that the proxy saw: uvicorn
takes the forwarded address from proxies that it trusts alone (this computer, or what FORWARDED_ALLOW_IPS names), and of
a chain the last that is none of them, so that what a client writes into the header itself never counts.
"""

import functools
import ipaddress
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from gradio.utils import get_space
from starlette.types import ASGIApp, Receive, Scope, Send

from digits.errors import DigitsError

BUSY = "The server is busy; try again in a moment."
TOO_MUCH = "You asked for a lot at once; wait {seconds:.0f} seconds."
SPACE_PROXIES = "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"

_client: ContextVar[str] = ContextVar("client", default="")
_visitor: ContextVar[str] = ContextVar("visitor", default="")


class KnowClient:
    """ASGI middleware: everything that a request starts can ask for `present_client`.

    Gradio's MCP server asks this very server once more, from this computer and with the caller's headers, so that what
    a caller wrote into X-Forwarded-For would count there: it is replaced by the address that did the asking.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or [""])[0]
        _client.set(name_client(address))
        if "headers" in scope:
            headers = [header for header in scope["headers"] if header[0] != b"x-forwarded-for"]
            known = [(b"x-forwarded-for", address.encode("latin-1"))] if address else []
            scope = {**scope, "headers": headers + known}
        await self.app(scope, receive, send)


def present_client() -> str:
    """The client whose request this is; one for all where the app is served without KnowClient."""
    return _client.get()


def name_visitor(visitor: str) -> None:
    """Say whose the present request is."""
    _visitor.set(visitor)


def present_asker() -> str:
    """Whose work the present request is charged to: the client, or in a class the visitor at it."""
    return name_asker(present_client(), _visitor.get())


def name_asker(client: str, visitor: str) -> str:
    return f"{client} {visitor}" if work.by_visitor else client


def name_client(address: str) -> str:
    """An address -> whose it is. A household has 2**64 addresses of IPv6, and counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def trust_proxies() -> None:
    """On a Space every request comes through the Hub's proxies, which have private addresses; call before serving."""
    if get_space():
        os.environ.setdefault("FORWARDED_ALLOW_IPS", SPACE_PROXIES)


class Work:
    """Work that takes a thread and tenths of a second or more: so much at once, and so much a client. What is asked for
    within a turn belongs to it.

    A client is charged the processor's seconds. As one second is given back every second, whoever asks for one thing
    after the other is never refused.
    """

    def __init__(
        self,
        at_once: int = 2,
        patience: float = 15.0,
        most: int = 24,
        most_a_client: int = 8,
        saved: float = 20.0,
    ) -> None:
        """`at_once` run, with a thread of torch's each; others wait `patience` seconds. At most `most` in all and
        `most_a_client` of one client's run or wait, of Gradio's forty threads. A client may be `saved` seconds ahead.
        """
        self.patience, self.most, self.most_a_client, self.saved = patience, most, most_a_client, saved
        self.by_visitor = False
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._own = threading.local()  # elsewhere: what this thread's turn is charged for work of other processes
        self._present: Counter[str] = Counter()  # calls that run or wait, by client
        self._paid: dict[str, float] = {}  # when all that the client had done will be paid for

    def open_to_a_class(self, most: int) -> None:
        """From now on visitors are charged, not addresses: a class often comes through one address, and a pupil who
        asks for a lot would use up everybody's share. Who makes up visitors gets more; a teacher is in the room.
        """
        self.by_visitor, self.most, self.patience = True, most, 60

    @contextmanager
    def turn(self, client: str) -> Iterator[None]:
        """Wait for a place and do the work. Raises DigitsError where there is none, or the client had too much."""
        if hasattr(self._own, "elsewhere"):
            yield
            return
        self._enter(client)
        try:
            if not self._places.acquire(timeout=self.patience):
                raise DigitsError(BUSY)
            began, self._own.elsewhere = time.thread_time(), 0.0
            try:
                if torch.get_num_threads() > 1:  # of this thread, as in draw.py
                    torch.set_num_threads(1)
                yield
            finally:
                self._places.release()
                with self._lock:
                    paid = max(self._paid.get(client, 0), time.monotonic())
                    self._paid[client] = paid + time.thread_time() - began + self._own.elsewhere
                del self._own.elsewhere
        finally:
            with self._lock:
                self._present[client] -= 1

    def charge(self, seconds: float) -> None:
        """To the turn in progress, for what another process did."""
        self._own.elsewhere += seconds

    def _enter(self, client: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._paid = {name: paid for name, paid in self._paid.items() if paid > now}
            self._present = +self._present  # without those at zero
            ahead = self._paid.get(client, now) - now
            if ahead > self.saved:
                raise DigitsError(TOO_MUCH.format(seconds=max(1, ahead - self.saved)))
            if self._present[client] >= self.most_a_client or self._present.total() >= self.most:
                raise DigitsError(BUSY)
            self._present[client] += 1


work = Work()  # of this process, however many pages it serves


def taking_turns() -> AbstractContextManager[None]:
    """Expensive work of a request's own thread, as a turn of its client's."""
    return work.turn(present_asker())


def expensive(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Wrap a server function that runs in a thread, all of which is a turn of its client's."""

    @functools.wraps(function)
    def wrapped(payload: dict[str, Any]) -> dict[str, Any]:
        with taking_turns():
            return function(payload)

    return wrapped
