"""Logins are checked, and nobody takes a thread for it. tests/test_app.py asks the real page with and without one."""

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread
import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request
from gradio.routes import App

from digits.ui.logins import check_logins_in_event_loop


@pytest.fixture
def app():
    """Gradio's check, before a function like ours."""
    app = FastAPI()

    async def get_current_user(request: Request):
        return request.headers.get("user")

    @app.get("/login_check")
    def login_check(user: str = Depends(get_current_user)):
        if user is None:
            raise HTTPException(401)

    @app.get("/read", dependencies=[Depends(login_check)])
    async def read():
        return 7

    return app


def ask(app, **headers):
    async def run():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://digits") as client:
            return await client.get("/read", headers=headers)

    with ThreadPoolExecutor(1) as pool:  # the browser tests have this thread's event loop
        return pool.submit(asyncio.run, run()).result()


def test_a_login_is_checked_without_a_thread(app, monkeypatch):
    in_threads, run_sync = [], anyio.to_thread.run_sync

    async def note(function, *arguments, **options):
        in_threads.append(function)
        return await run_sync(function, *arguments, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", note)
    assert ask(app, user="class").json() == 7
    assert len(in_threads) == 1
    check_logins_in_event_loop(app)
    assert ask(app, user="class").json() == 7
    assert len(in_threads) == 1


def test_who_has_not_logged_in_is_refused(app):
    check_logins_in_event_loop(app)
    assert ask(app).status_code == 401


def test_gradio_has_that_check():
    assert "def login_check(user: str = Depends(get_current_user)):" in inspect.getsource(App.create_app)
