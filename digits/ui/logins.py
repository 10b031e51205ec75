"""Gradio's check of logins, without a thread."""

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute


def check_logins_in_event_loop(app: FastAPI) -> None:
    """Gradio's `login_check`, which stands before every request, is a plain function, so FastAPI runs it in a thread.
    The way there and back costs a reading as much as its ink, and more while a training wants the interpreter too.
    """
    for route in app.routes:
        for found in route.dependant.dependencies if isinstance(route, APIRoute) else ():
            if found.call is not None and getattr(found.call, "__name__", "") == "login_check":
                find_user = found.dependencies[0].call
                assert find_user is not None
                app.dependency_overrides[found.call] = _in_event_loop(found.call, find_user)


def _in_event_loop(check: Callable[..., Any], find_user: Callable[..., Any]) -> Callable[..., Any]:
    # Not functools.wraps: FastAPI would look through it, see the plain function, and never await this one.
    async def login_check(request: Request) -> None:
        check(await find_user(request))

    # FastAPI asks for it at every request, which takes longer than the check.
    login_check.__signature__ = inspect.signature(login_check)  # type: ignore[attr-defined]
    return login_check
