"""`python app.py` as it is typed, and the functions that programs can call."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from drawings import DIGITS
from gradio_client import Client, handle_file
from PIL import Image, ImageDraw

from digits.data.mnist import mnist_checksums

ROOT = Path(__file__).parents[1]


def run(*flags: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "app.py", *flags], cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--auth", "nobody"], "--auth wants USER:PASSWORD"),
        (["--device", "abacus"], "Device 'abacus' is not available"),
        (["--port", "70000"], "choose another --port"),
        (["--host", "not.a.host.invalid"], "cannot listen at not.a.host.invalid"),
    ],
)
def test_flags_that_cannot_be_used_get_one_sentence(flags, words):
    ended = run(*flags)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_port_in_use_gets_one_sentence(app):
    port = app.rstrip("/").rsplit(":", 1)[1]
    ended = run("--port", port)
    assert ended.returncode == 2
    assert f"port {port}" in ended.stderr
    assert "choose another --port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_where_no_public_link_can_be_made_the_app_stays_up_and_says_what_else_to_do(start_app, monkeypatch, tmp_path):
    # An empty place for frpc, and a proxy that refuses: no link can be made, on a machine with internet either.
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    address, process = start_app("--share")
    # start_app came back, so it answers at its local address; the rest is printed after it.
    for _ in range(100):
        if "ssh -R" in process.log.read_text():
            break
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
    log = process.log.read_text()
    for words in ("No public link could be made", "--host 0.0.0.0", "Space", "ssh -R"):
        assert words in log
    assert "Traceback" not in log
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert answer.status == 200


def test_auth_asks_for_a_login(start_app):
    address, _ = start_app("--auth", "class:chalk")
    with pytest.raises(ValueError, match="(?i)auth|login|credentials"):
        Client(address, verbose=False)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(f"{address}gradio_api/component_server", b"{}"), timeout=30)
    client = Client(address, auth=("class", "chalk"), verbose=False)
    strokes = [[list(point) for point in stroke] for stroke in DIGITS[8]]
    assert client.predict(strokes, api_name="/read_strokes")["digit"] == 8


def test_importing_app_gives_a_demo_and_serves_nothing():
    code = "import app, gradio; assert isinstance(app.demo, gradio.Blocks); assert not app.demo.is_running"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0


@pytest.fixture(scope="module")
def client(app):
    return Client(app, verbose=False)


def test_programs_read_strokes(client):
    for digit, strokes in DIGITS.items():
        reading = client.predict([[list(point) for point in stroke] for stroke in strokes], api_name="/read_strokes")
        assert reading["digit"] == digit
        assert sum(reading["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert 0.9 < reading["digit_score"] <= 1


def test_programs_get_the_sentence_for_bad_strokes(client):
    with pytest.raises(Exception, match="network is not on this server"):
        client.predict([[[0, 0], [1, 1]]], "nothing", api_name="/read_strokes")


def test_programs_read_pictures(client, tmp_path):
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).line([(60, 50), (140, 50), (90, 160)], fill=0, width=12, joint="curve")
    picture.save(tmp_path / "seven.png")
    reading = client.predict(handle_file(tmp_path / "seven.png"), "cnn", api_name="/read_image")
    assert reading["digit"] == 7
    (tmp_path / "letter.png").write_text("Dear reader, this is no picture.")
    with pytest.raises(Exception, match="picture"):
        client.predict(handle_file(tmp_path / "letter.png"), "cnn", api_name="/read_image")


def test_programs_train_and_evaluate(client):
    settings = {"model": "mlp", "optimizer": "adam", "learning_rate": 0.001, "batch_size": 1000, "augment": "none"}
    job = client.submit(**settings, api_name="/train")
    last = job.result(timeout=200)
    assert last["state"] == "done"
    assert len(job.outputs()) >= 2  # it streams
    report = client.predict(last["network"], "mnist-test", api_name="/evaluate")
    assert report["n"] == 10_000
    assert report["accuracy"] > 0.85
    assert sum(map(sum, report["confusion"])) == 10_000


def test_the_shipped_data_is_what_its_checksums_say():
    lines = (ROOT / "digits" / "data" / "shipped" / "SHA256SUMS").read_text().split()
    assert mnist_checksums() == dict(zip(lines[1::2], lines[::2], strict=True))
