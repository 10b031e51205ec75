"""The Dockerfile's steps are of this repository, and the page works behind nginx as docs/deploy.md sets it up."""

import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from asking import ask

from digits.bench.app import free_port
from digits.ui.address import address_in_this_network
from digits.ui.parts import VERSION

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_container_copies_what_is_there_and_is_nobodys_root():
    copied = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, flags=re.MULTILINE)
    assert copied
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for name in copied:
        assert (ROOT / name).exists() and name not in ignored
    for name in ("README.md", "LICENSE", "pyproject.toml", "digits", "weights"):  # what building the package needs
        assert name not in ignored
    user = re.search(r"^USER (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert user and f"useradd --uid 1000 --create-home {user[1]}" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    ports = set(re.findall(r"(?:EXPOSE |GRADIO_SERVER_PORT=|-p )(\d+)", DOCKERFILE))
    assert ports == {"7860"}


@pytest.fixture(scope="module")
def proxied(start_app, tmp_path_factory):
    """The page's address behind a real nginx."""
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed")
    # By this computer's own address in its network: at 127.0.0.1 whoever asks would be a trusted proxy himself.
    here, port = address_in_this_network(), free_port()
    address, _ = start_app("--root-path", "/digits")
    block = re.search(r"<!-- nginx -->\n```nginx\n(.*?)```", (ROOT / "docs/deploy.md").read_text(), flags=re.DOTALL)
    assert block
    folder = tmp_path_factory.mktemp("nginx")
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{name}_temp_path {folder}/{name};" for name in names)
    server = f"server {{ listen {here}:{port}; {block[1].replace('http://127.0.0.1:7860/', address)} }}"
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {paths}\n{server} }}\n"
    )
    process = subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    proxied = f"http://{here}:{port}/digits/"
    for _ in range(100):
        try:
            urllib.request.urlopen(proxied, timeout=5).close()
            break
        except urllib.error.URLError:
            time.sleep(0.1)
    yield proxied
    process.terminate()
    process.wait(20)


def fetch(address: str, payload: object = None, **headers: str) -> bytes:
    body = None if payload is None else json.dumps(payload).encode()
    request = urllib.request.Request(address, body, {"content-type": "application/json"} | headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


@pytest.mark.slow
def test_behind_nginx_the_page_knows_its_address_and_its_modules_load(proxied):
    assert json.loads(fetch(proxied + "config"))["root"] == proxied.rstrip("/")
    assert b"export function mount" in fetch(f"{proxied}web/{VERSION}/draw/draw.js")


@pytest.mark.slow
def test_behind_nginx_updates_come_as_they_are_sent(proxied):
    settings = {"model": "mlp", "epochs": 3, "batch_size": 500, "augment": "none"}
    event = json.loads(fetch(proxied + "gradio_api/call/v2/train", settings))["event_id"]
    with urllib.request.urlopen(f"{proxied}gradio_api/call/train/{event}", timeout=120) as stream:
        arrivals = [(time.monotonic(), line) for line in stream if line.startswith(b"data: ")]
    assert b'"state": "done"' in b"".join(line for _, line in arrivals)
    assert arrivals[-1][0] - arrivals[0][0] > 0.2  # held back, all would come at once


@pytest.mark.slow
def test_behind_nginx_a_forged_address_is_nobodys_else(proxied):
    settings = {"model": "cnn-large", "optimizer": "adamw", "learning_rate": 0.003, "batch_size": 128, "epochs": 40}
    settings |= {"augment": "affine", "precision": "float32", "seed": 0}

    def ask_as(number: int, function: str) -> dict:
        data = {"visitor": f"visitor-that-forges-{number:03}", "settings": settings}
        return ask(proxied, "train", function, data, **{"x-forwarded-for": f"203.0.113.{number}"})

    try:
        answers = [ask_as(number, "start_training") for number in range(14)]
        assert "from your address" in answers[-1]["error"]
    finally:
        for number in range(14):
            ask_as(number, "stop_training")
