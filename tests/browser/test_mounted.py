"""The page in somebody else's app: without `digits.ui.serve` its modules come by Gradio's own route."""

import threading
import time

import gradio as gr
import pytest
import uvicorn
from drawings import DIGITS
from fastapi import FastAPI
from playwright.sync_api import expect

from digits.bench.app import free_port
from digits.ui.page import build_ui


@pytest.fixture
def mounted():
    """The address of the page under a path of another app."""
    port = free_port()
    app = gr.mount_gradio_app(FastAPI(), build_ui("cpu"), path="/demo")
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/demo/"
    server.should_exit = True
    thread.join(30)


def test_the_page_comes_up_where_another_app_mounts_it(visit, mounted):
    visitor = visit(mounted)
    visitor.draw(DIGITS[3])
    expect(visitor.page.locator(".verdict .answer")).to_have_text("3")
    visitor.tab("How it works")
    expect(visitor.page.locator("#how .node").first).to_be_visible(timeout=30_000)
