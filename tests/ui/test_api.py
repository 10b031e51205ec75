"""What programs can call, as README shows it and as they should not."""

import asyncio
import base64
import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from drawings import DIGITS
from gradio_client import Client, handle_file
from PIL import Image, ImageDraw

from digits.bench.app import run_apart
from digits.errors import DigitsError
from digits.training.config import LEARNING_RATES
from digits.ui.api import train, visitor_of

ROOT = Path(__file__).parents[2]
ENDPOINTS = ("/read_strokes", "/read_image", "/read_number", "/train", "/evaluate", "/networks")
SEVEN = [[[10, 10], [60, 10], [30, 90]]]


@pytest.fixture(scope="module")
def client(app) -> Client:
    return Client(app, verbose=False)


@pytest.fixture(scope="module")
def seven(tmp_path_factory) -> Path:
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line([(60, 50), (140, 50), (90, 160)], fill=0, width=12, joint="curve")
    path = tmp_path_factory.mktemp("pictures") / "photo.png"
    picture.save(path)
    return path


def example(name: str, app: str) -> str:
    """README's block of this name, for an app that listens elsewhere."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"<!-- example for {name} -->\n```\w*\n(.*?)```", readme, flags=re.DOTALL)
    assert block
    return block[1].replace("http://127.0.0.1:7860", app.rstrip("/"))


@pytest.mark.slow
def test_the_example_for_gradio_client_does_what_readme_says(app, seven):
    run = subprocess.run(
        [sys.executable, "-c", example("gradio_client", app)], cwd=seven.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    lines = [line for line in run.stdout.splitlines() if not line.startswith("Loaded as API")]
    assert lines[:2] == ["7", "7"]
    assert lines[-2].startswith("done ")
    assert 0.8 < float(lines[-1]) < 1


def test_the_example_for_curl_does_what_readme_says(app):
    run = subprocess.run(["bash", "-ec", example("curl", app)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    event, data = run.stdout.strip().splitlines()
    assert event == "event: complete"
    assert json.loads(data.removeprefix("data: "))[0]["digit"] == 7


def test_every_endpoint_says_what_it_takes_and_returns(app):
    with urllib.request.urlopen(app + "gradio_api/info", timeout=30) as answer:
        named = json.load(answer)["named_endpoints"]
    assert set(named) == set(ENDPOINTS)
    for name in ENDPOINTS:
        assert len(named[name]["description"]) > 20, name
        for parameter in named[name]["parameters"]:
            assert parameter["type"], (name, parameter)
            required = parameter["parameter_name"] in ("strokes", "image")
            assert parameter["parameter_has_default"] != required, (name, parameter)


def test_programs_read_numbers(client):
    shift = [[[x + 150, y] for x, y in stroke] for stroke in DIGITS[3]]
    number = client.predict(
        [[list(point) for point in stroke] for stroke in DIGITS[7]] + shift, api_name="/read_number"
    )
    assert number["text"] == "73"
    assert [digit["digit"] for digit in number["digits"]] == [7, 3]
    assert all(len(digit["box"]) == 4 for digit in number["digits"])
    assert client.predict([], api_name="/read_number") == {"text": "", "digits": []}


def test_programs_send_pictures_as_text_or_as_files(client, seven):
    text = base64.b64encode(seven.read_bytes()).decode()
    for image in (text, f"data:image/png;base64,{text}", handle_file(seven)):
        assert client.predict(image, "cnn", api_name="/read_image")["digit"] == 7


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("***", "not in base64"),
        ("", "1 to 3,000,000 characters"),
        (5, "1 to 3,000,000 characters"),
        (base64.b64encode(b"no picture at all").decode(), "no picture"),
        ({"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "not uploaded by a user"),
    ],
)
def test_what_is_no_picture_gets_a_sentence(app, image, words):
    """Asked without gradio_client, which would upload the file that the last one names."""
    body = json.dumps({"image": image}).encode()
    request = urllib.request.Request(app + "gradio_api/call/v2/read_image", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{app}gradio_api/call/read_image/{event}", timeout=60) as answer:
        said = answer.read().decode()
    assert "event: error" in said
    assert words in said
    assert "Traceback" not in said


def test_programs_see_the_shipped_networks(client):
    networks = client.predict(api_name="/networks")
    assert [network["key"] for network in networks][0] == "cnn-large"
    assert all(network["accuracy"] > 0.9 and not network["own"] for network in networks)


def test_settings_that_cannot_be_used_get_a_sentence(client):
    with pytest.raises(Exception, match="no network called"):
        client.predict("vgg", api_name="/train")
    with pytest.raises(Exception, match="no data set called"):
        client.predict("cnn", "/etc/passwd", api_name="/evaluate")


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, 0.04),
        ({"learning_rate": 0.01}, 0.01),
        ({"optimizer": "adam"}, LEARNING_RATES["adam"]),
        ({"model": "cnn-large"}, LEARNING_RATES["adamw"]),
        ({"model": "mlp", "optimizer": "sgd"}, LEARNING_RATES["sgd"]),
    ],
)
def test_who_names_no_learning_rate_gets_one_that_fits(changes, rate):
    class Noting:
        device = "cpu"

        def start(self, config, *_):
            started.append(config)
            raise DigitsError("That is enough.")

    async def ask():
        async for _ in train(Noting())(as_request("one"), **changes):
            pass

    started = []
    with pytest.raises(gr.Error):
        run_apart(ask())
    assert started[0].peak_learning_rate() == rate


def as_request(session: str, **headers: str) -> gr.Request:
    return gr.Request(session_hash=session, headers=headers, client=None)


def test_a_program_s_session_is_a_visitor_and_each_call_of_a_language_model_s_is():
    assert visitor_of(as_request("one")) == visitor_of(as_request("one")) != visitor_of(as_request("two"))
    marked = {"x-gradio-user": "mcp", "mcp-session-id": "guessed"}  # anybody can send these
    models = {visitor_of(as_request("one", **marked)) for _ in range(3)}
    assert len(models) == 3
    assert all(model.startswith("mcp-") for model in models)


@pytest.fixture(scope="module")
def tools(start_app) -> str:
    """Where an app offers its functions to language models."""
    pytest.importorskip("mcp")
    return start_app("--mcp")[0] + "gradio_api/mcp/"


@contextlib.asynccontextmanager
async def connected(tools: str) -> AsyncIterator[Any]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with streamable_http_client(tools) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        yield session


async def call(tools: str, end: str, **arguments: object) -> tuple[bool, str]:
    """Call the tool whose name ends so, as somebody new -> whether that failed, and what it said."""
    async with connected(tools) as session:
        name = next(tool.name for tool in (await session.list_tools()).tools if tool.name.endswith(end))
        answer = await session.call_tool(name, arguments)
        return answer.isError, answer.content[0].text


@pytest.mark.slow
def test_language_models_see_nothing_of_each_other_s(tools):
    async def ask() -> None:
        quick = {"model": "mlp", "batch_size": 10_000, "augment": "none"}
        trained = await asyncio.gather(call(tools, "train", **quick), call(tools, "train", **quick))
        assert not any(failed for failed, _ in trained), trained  # neither had to wait for the other's end
        failed, networks = await call(tools, "networks")
        assert not failed
        assert "cnn-large" in networks
        assert not re.search("own.: true", networks, re.IGNORECASE)

    run_apart(ask())


@pytest.mark.slow
def test_language_models_have_the_same_functions_as_tools(tools):
    async def ask() -> None:
        async with connected(tools) as session:
            named = {tool.name.split("_", 1)[-1]: tool for tool in (await session.list_tools()).tools}
            names = {tool.name for tool in named.values()}
            assert {next(name for name in names if name.endswith(end[1:])) for end in ENDPOINTS} == names
            reader = next(tool for tool in named.values() if tool.name.endswith("read_strokes"))
            assert "y grows downwards" in json.dumps(reader.inputSchema)
        failed, reading = await call(tools, "read_strokes", strokes=SEVEN)
        assert not failed
        assert '"digit": 7' in reading.replace("'", '"')

    run_apart(ask())


def test_without_its_package_mcp_is_refused_in_a_sentence():
    code = "import sys; sys.modules['mcp'] = None; sys.argv = ['app.py', '--mcp', '--port', '7999']; import runpy; "
    code += "runpy.run_path('app.py', run_name='__main__')"

    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.strip() == 'digits: --mcp needs a package more: pip install "gradio[mcp]".'
