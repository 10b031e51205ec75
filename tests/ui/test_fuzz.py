"""Five hundred requests that nobody should send, over HTTP, of a fixed seed: each gets an answer, and no trace."""

import json
import random
import urllib.error
import urllib.request

import pytest
from asking import post

from digits.ui.requests import FAULT, answer_errors

COUNT = 500
WORDS = ("", "x" * 5_000, "../../etc/passwd", "\0", "é", "cnn", "mnist-test", "data:image/png;base64,AAAA", "NaN")
NAMES = ("strokes", "network", "index", "picture", "visitor", "settings", "data", "drawings", "label", "call", "job")
NAMES += ("amounts", "path", "pixels", "layer", "unit", "digit", "text", "steps", "since", "against", "measure", "step")

VALID = {  # what the page sends, of all its functions
    "strokes": [[100, 100, 600, 100, 300, 900]],
    "network": "cnn",
    "against": "mlp",
    "index": 7,
    "digit": 3,
    "visitor": "visitor-of-the-fuzzing-test",
    "data": "mnist-validation",
    "call": "step",
    "label": 7,
    "layer": 0,
    "unit": 0,
    "text": "https://example.org",
    "since": 0,
    "amounts": {"noise": 0.1},
    "inside": True,
    "strip": True,
    "drawings": [{"label": 7, "strokes": [[100, 100, 600, 100, 300, 900]]}],
    "settings": {
        "model": "mlp",
        "optimizer": "adam",
        "learning_rate": 0.001,
        "batch_size": 1000,
        "epochs": 1,
        "augment": "none",
        "precision": "float32",
        "seed": 0,
    },
}


def anything(chance: random.Random, depth: int = 0) -> object:
    """A JSON value of any shape."""
    kinds = ["word", "number", "flag", "none"] + (["list", "object", "strokes"] if depth < 3 else [])
    kind = chance.choice(kinds)
    if kind == "word":
        return chance.choice(WORDS)
    if kind == "number":
        return chance.choice([0, -1, 7, 0.5, 1e308, -1e308, 2**63, float("nan"), float("inf"), chance.random() * 1_000])
    if kind == "flag":
        return chance.random() < 0.5
    if kind == "none":
        return None
    if kind == "list":
        return [anything(chance, depth + 1) for _ in range(chance.randrange(5))]
    if kind == "strokes":
        return [[chance.randrange(-50, 1_050) for _ in range(chance.randrange(20))] for _ in range(chance.randrange(5))]
    return {chance.choice(NAMES): anything(chance, depth + 1) for _ in range(chance.randrange(6))}


def requests(chance: random.Random, parts: list[dict]) -> list[tuple[str, bytes, str]]:
    """Paths, bodies and their types."""
    functions = [(part["id"], name) for part in parts for name in part["props"].get("server_fns", []) or []]
    functions += [(part["id"], "mount") for part in parts] + [(10_000, "read_strokes"), ("x", "__init__")]
    made = []
    for _ in range(COUNT):
        kind = chance.choice(["part"] * 6 + ["call", "call", "join", "raw", "upload"])
        payload = anything(chance)
        if chance.random() < 0.7:  # what is nearly right goes further
            payload = VALID | {chance.choice(NAMES): anything(chance, 1) for _ in range(chance.randrange(3))}
            payload.pop(chance.choice(NAMES), None)
        path, content = "component_server", "application/json"
        if kind == "part":
            component, name = chance.choice(functions)
            body = {"session_hash": "x", "component_id": component, "fn_name": name, "data": payload}
        elif kind == "call":
            name = chance.choice(["read_strokes", "read_image", "read_number", "networks", "evaluate", "nothing"])
            path, body = f"call/v2/{name}", payload if isinstance(payload, dict) else {"strokes": payload}
        elif kind == "join":
            path, body = "queue/join", {"data": payload, "fn_index": chance.choice([0, 1, 99, -1, "x"])}
            body["session_hash"] = chance.choice(["x", None, 5])
        else:
            path = chance.choice(["component_server", "call/read_strokes", "queue/join", "upload", "reset", "cancel"])
            content = "multipart/form-data; boundary=x" if kind == "upload" else content
            made.append((path, bytes(chance.randrange(256) for _ in range(chance.randrange(200))), content))
            continue
        made.append((path, json.dumps(body).encode(), content))
    return made


@pytest.mark.slow
def test_garbage_gets_answers_and_leaves_no_traces(start_app):
    app, process = start_app()
    with urllib.request.urlopen(app + "config", timeout=30) as answer:
        parts = [part for part in json.load(answer)["components"] if part["type"] == "html"]
    for path, body, content in requests(random.Random(15), parts):
        status, said = post(app, body, content, f"gradio_api/{path}")
        assert status < 500, (path, body, status, said[:300])
        for words in (FAULT, "Traceback", "site-packages", "/digits/"):
            assert words not in said, (path, body, said[:300])
    status, said = post(app, b"{}", path="gradio_api/call/v2/networks")
    assert status == 200 and "event_id" in said
    assert "Traceback" not in process.log.read_text()


def test_a_bug_of_ours_gets_a_sentence_and_is_in_the_log(caplog):
    @answer_errors
    def divide(payload: dict) -> dict:
        return {"result": 1 / payload["by"]}

    assert divide({"by": 2}) == {"result": 0.5}
    assert divide({"by": 0}) == {"error": FAULT}
    assert "ZeroDivisionError" in caplog.text


def test_a_wrong_parameter_is_named(app):
    status, said = post(app, b'{"stroke": []}', path="gradio_api/call/v2/read_strokes")
    assert status == 400
    assert "`stroke` is not a valid" in said and "Use via API" in said
