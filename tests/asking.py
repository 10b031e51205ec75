"""How tests ask the app over HTTP, past the page."""

import json
import urllib.error
import urllib.request
from typing import Any

from digits.bench.app import ASK


def fetch_parts(address: str) -> dict[str, int]:
    """elem_id -> component id of the page's parts."""
    with urllib.request.urlopen(address + "config", timeout=30) as answer:
        components = json.load(answer)["components"]
    return {part["props"].get("elem_id"): part["id"] for part in components}


def post(
    address: str, body: bytes, content: str = "application/json", path: str = ASK, **headers: str
) -> tuple[int, str]:
    """Send a body as it is -> the answer's status and text."""
    request = urllib.request.Request(address + path, body, {"content-type": content, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask(address: str, part: str, function: str, data: object, **headers: str) -> Any:
    """What a function of one of the page's parts answers."""
    question = {
        "session_hash": "x",
        "component_id": fetch_parts(address)[part],
        "fn_name": function,
        "data": data,
    }
    status, answer = post(address, json.dumps(question).encode(), **headers)
    assert status == 200, answer
    return json.loads(answer)
