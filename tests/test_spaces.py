"""Uploading to Hugging Face Spaces as docs/deploy.md says, to a stand-in for the Hub; and how a Space runs the app.

The stand-in answers as the Hub's documentation and its refusals describe it: whatever is binary has to come as an LFS
file (a push of it as a plain file is refused, whatever its size), and text of at most 10 MB as a plain file.
"""

import base64
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from digits.bench.app import free_port

ROOT = Path(__file__).parents[1]
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LARGEST_TEXT = 10_000_000  # bytes
COMMIT = "0" * 40


def tracked() -> list[str]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return names.split("\0")[:-1]


def is_binary(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return b"\0" in content


class Hub(http.server.BaseHTTPRequestHandler):
    """What `hf` asks of the Hub on its way to a commit."""

    commits: list[dict] = []
    made: list[dict] = []

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.answer({"name": "somebody", "type": "user", "id": "somebody/digits", "sha": COMMIT, "siblings": []})

    def read_body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_POST(self) -> None:
        body = self.read_body()
        if self.path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            modes = [is_binary(base64.b64decode(file["sample"]).removesuffix(b"\xe2")) for file in files]
            answers = [
                {"path": file["path"], "uploadMode": "lfs" if binary else "regular", "shouldIgnore": False}
                for file, binary in zip(files, modes, strict=True)
            ]
            self.answer({"files": answers})
        elif self.path.endswith("/objects/batch"):  # all are there already: nothing is sent
            objects = [{"oid": one["oid"], "size": one["size"]} for one in json.loads(body)["objects"]]
            self.answer({"transfer": "basic", "objects": objects})
        elif self.path.endswith("/commit/main"):
            self.commits.extend(map(json.loads, body.splitlines()))
            self.answer({"commitUrl": f"http://127.0.0.1/spaces/somebody/digits/commit/{COMMIT}", "commitOid": COMMIT})
        else:
            self.made.append(json.loads(body or b"{}"))
            url = "http://127.0.0.1/spaces/somebody/digits"
            self.answer({"url": url, "name": "somebody/digits", "errors": [], "warnings": []})


@pytest.fixture
def hub():
    """The stand-in's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_the_upload_that_the_guide_describes_is_one_that_the_hub_takes(hub, tmp_path):
    guide = (ROOT / "docs/deploy.md").read_text(encoding="utf-8").split("## Hugging Face Spaces")[1]
    lines = re.findall(r"^(?:git|hf) .*$", guide, flags=re.MULTILINE)
    assert [line.split()[:2] for line in lines] == [["git", "clone"], ["hf", "repos"], ["hf", "upload"]]
    program = shutil.which("hf", path=str(Path(sys.executable).parent))
    assert program, "Gradio brings the hf command along"
    settings = {"HF_ENDPOINT": hub, "HF_TOKEN": "hf_nobody", "HF_HOME": str(tmp_path / "home")}
    settings |= {"HF_HUB_DISABLE_XET": "1", "no_proxy": "*"}  # Xet's servers have no stand-in; LFS is what they replace
    (tmp_path / "here").mkdir()
    for line in lines:
        words = shlex.split(line.replace("YOUR-NAME", "somebody"))
        words = [str(ROOT) if word == "." and words[0] == "git" else word for word in words]
        if words[0] == "hf":
            words[0] = program
        subprocess.run(words, cwd=tmp_path / "here", env=os.environ | settings, check=True, timeout=120)
    assert {"name": "digits", "organization": None, "type": "space", "sdk": "gradio"} in Hub.made
    kinds = {line["value"]["path"]: line["key"] for line in Hub.commits if "path" in line["value"]}
    committed = subprocess.run(["git", "ls-tree", "-rz", "--name-only", "HEAD"], cwd=ROOT, capture_output=True)
    assert set(kinds) == set(committed.stdout.decode().split("\0")[:-1])  # the repository, and nothing beside it
    for name, kind in kinds.items():
        content = (tmp_path / "here" / "digits-space" / name).read_bytes()
        assert kind == ("lfsFile" if is_binary(content) else "file")
        assert kind == "lfsFile" or len(content) <= LARGEST_TEXT


def test_the_space_is_described_as_the_hub_wants_it():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    space = yaml.safe_load(readme.split("---\n")[1])
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE))
    assert space["title"] and len(space["short_description"]) <= 60
    assert {space["colorFrom"], space["colorTo"]} <= COLOURS
    assert not space["emoji"].isascii()
    assert (space["sdk"], space["sdk_version"]) == ("gradio", pins["gradio"])
    assert space["app_file"] in tracked()
    assert type(space["python_version"]) is str  # unquoted, 3.10 would be 3.1
    assert space["python_version"] in re.findall(r"python:([\d.]+)-slim", (ROOT / "Dockerfile").read_text())
    assert space["license"] == "mit" and "MIT License" in (ROOT / "LICENSE").read_text()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="only root can become user 1000")
def test_as_user_1000_with_an_empty_home_it_runs_at_the_environment_s_port(tmp_path):
    port, home = free_port(), Path("/tmp") / f"digits-home-{os.getpid()}"  # pytest's own folders are root's alone
    home.mkdir()
    os.chown(home, 1000, 1000)
    settings = {"HOME": str(home), "SYSTEM": "spaces", "SPACE_ID": "somebody/digits"}
    settings |= {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_SERVER_PORT": str(port)}
    settings = {name: value for name, value in (os.environ | settings).items() if name != "DIGITS_RUNS"}
    log = tmp_path / "log"
    reading = "-all,+dac_read_search"  # this Python may be in root's home: all may be read, nothing written
    user = ["--reuid=1000", "--regid=1000", "--clear-groups", f"--inh-caps={reading}", f"--ambient-caps={reading}"]
    command = ["setpriv", *user, sys.executable, "-u", "app.py"]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=file, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 60
        while "Digits is at" not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
            assert b"Digits" in answer.read()
        assert "In the same network" not in log.read_text()  # a Space has its own address
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        # Gradio's reloading wants a package that is in the Hub's own image alone.
        assert log.read_text().count("Traceback") == log.read_text().count("`spaces` package is required") <= 1
    finally:
        process.kill()
        shutil.rmtree(home)
