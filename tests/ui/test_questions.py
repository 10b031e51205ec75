"""The shorter way to the page's functions: the login is checked, and nobody takes a thread for it. tests/test_app.py
asks the real page with a login and without, tests/ui/test_requests.py what the functions say."""

import anyio.to_thread
import gradio as gr
import httpx
import pytest
from gradio.routes import App

from digits.bench.app import run_apart
from digits.ui.questions import ADDRESS, answer_questions

LOGIN = "access-token-"


async def double(number):
    return {"twice": 2 * number}


def double_slowly(number):
    return {"twice": 2 * number, "tuple": (1, 2.5)}


@pytest.fixture
def demo():
    with gr.Blocks() as demo:
        gr.HTML(server_functions=[double, double_slowly])
        gr.HTML()
    demo.app = App.create_app(demo)
    return demo


def ask(demo, name="double", data: object = 4, part: object = None, cookies=None) -> httpx.Response:
    [own] = (block._id for block in demo.blocks.values() if isinstance(block, gr.HTML) and block.server_fns)
    question = {"component_id": own if part is None else part, "fn_name": name, "session_hash": "x", "data": data}

    async def run():
        transport = httpx.ASGITransport(demo.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://digits", cookies=cookies) as client:
            return await client.post(ADDRESS, json=question)

    return run_apart(run())


@pytest.mark.parametrize("name", ["double", "double_slowly"])
def test_the_answer_is_gradio_s(demo, name):
    before = ask(demo, name)
    answer_questions(demo)
    after = ask(demo, name)
    assert after.json()["twice"] == 8
    assert (after.status_code, after.content) == (before.status_code, before.content)
    assert after.headers["content-type"] == before.headers["content-type"]


def test_only_what_waits_takes_a_thread(demo, monkeypatch):
    in_threads, run_sync = [], anyio.to_thread.run_sync

    async def note(function, *arguments, **options):
        in_threads.append(function)
        return await run_sync(function, *arguments, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", note)
    answer_questions(demo)
    ask(demo)
    assert in_threads == []
    ask(demo, "double_slowly")
    assert in_threads == [double_slowly]


@pytest.mark.parametrize("part", [10_000, "x", [1], None])
@pytest.mark.parametrize("name", ["postprocess", "__init__", ["double"], None])
def test_nothing_else_can_be_called(demo, name, part):
    answer_questions(demo)
    with pytest.raises((KeyError, TypeError)):  # digits.ui.refuse_garbage answers for it
        ask(demo, name, part=part)


def test_who_has_not_logged_in_is_refused(demo):
    answer_questions(demo)
    demo.app.auth, demo.auth_message = {"class": "chalk"}, None
    demo.app.tokens["key"] = "class"
    assert ask(demo).status_code == 401
    assert ask(demo, cookies={LOGIN + demo.app.cookie_id: "another"}).status_code == 401
    assert ask(demo, cookies={LOGIN + demo.app.cookie_id: "key"}).json() == {"twice": 8}
