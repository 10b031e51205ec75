"""What a visitor sends to the page's server functions is not trusted; over HTTP, as the page asks."""

import contextlib
import json
import urllib.error
import urllib.request

import pytest
from asking import ask, post
from drawings import write

from digits.bench.app import ASK
from digits.errors import DigitsError
from digits.training.teaching import MOST_DRAWINGS
from digits.ui import requests


@pytest.mark.parametrize(
    ("function", "payload", "words"),
    [
        ("read_strokes", {"strokes": [[1, 2, 3]]}, "even count"),
        ("read_strokes", {"strokes": [["a", "b"]]}, "no number"),
        ("read_strokes", {"strokes": "rubbish"}, "list of strokes"),
        ("read_strokes", {"strokes": [[0] * 50_000]}, "20,000 points"),
        ("read_strokes", {"strokes": [[1, 2, 3, 4]], "network": "../../etc/passwd"}, "not on this server"),
        ("read_strokes", [1, 2], "wanted an object"),
        ("read_number", {"strokes": "rubbish"}, "list of strokes"),
        ("read_number", {"strokes": [[9 * i, 0, 9 * i, 500] for i in range(61)]}, "at most 60 strokes"),
        ("read_number", {"strokes": [[9 * (i % 3), 0, 400, 500] for i in range(60)]}, "over each other"),
        ("read_number", {"strokes": [[1, 2, 3, 400]], "network": "x", "second": "y"}, "not on this server"),
        ("read_number_picture", {"picture": "data:image/png;base64,AAAA"}, "picture"),
        ("read_other", {"picture": "data:image/png;base64,AAAA"}, "picture"),
        ("read_other", {"picture": "data:image/png;base64,***"}, "damaged"),
        ("read_other", {"picture": "data:image/png;base64,\u00e9"}, "damaged"),
        ("read_other", {"index": True}, "0 to 9,999"),
        ("read_strokes", {"strokes": [[1, 2, 3, 4]], "steps": {"crop": "no"}}, "not switches"),
        ("draw_qr", {"text": "x" * 2_000}, "1 to 1,500"),
        ("read_other", {"picture": "http://example.org/a.png"}, "did not arrive as a picture"),
        ("read_other", {"index": 10_000}, "0 to 9,999"),
        ("find_test_digit", {"digit": 12}, "0 to 9"),
        ("explain_reading", {"strokes": []}, "no ink to explain"),
        ("explain_reading", {"strokes": [[500, 500]]}, "no ink to explain"),
        ("explain_reading", {"strokes": {"0": 1}}, "list of strokes"),
        ("explain_reading", {"strokes": [[1, 2, 300, 400]], "steps": []}, "not switches"),
        ("explain_reading", {"strokes": [[1, 2, 300, 400]], "network": ["cnn"]}, "not a short text"),
        ("explain_reading", {"picture": 5}, "did not arrive as a picture"),
        ("explain_reading", {"index": -1}, "0 to 9,999"),
        ("explain_reading", {}, "no test digit None"),
        ("explain_reading", "why?", "wanted an object"),
    ],
)
def test_what_a_visitor_sends_is_not_trusted(app, function, payload, words):
    part = "shell" if function == "draw_qr" else "draw"
    assert words in ask(app, part, function, payload)["error"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({}, "no list of drawings"),
        ({"drawings": []}, "0 drawings; wanted 1 to 500"),
        ({"drawings": [{}] * (MOST_DRAWINGS + 1)}, "501 drawings"),
        ({"drawings": [{"label": True, "strokes": [[1, 2, 3, 4]]}]}, "Drawing 1 has no label"),
        ({"drawings": [{"label": 3, "strokes": [["a", 1]]}]}, "Drawing 1 cannot be read"),
        ({"drawings": [7]}, "Drawing 1 has no label"),
        ([], "wanted an object"),
    ],
)
@pytest.mark.parametrize("function", ["read_drawings", "teach"])
def test_drawings_are_not_trusted(app, function, payload, words):
    assert words in ask(app, "draw", function, payload)["error"]


@pytest.mark.parametrize("text", ["😀" * 1_400, "\ud800"])
def test_a_text_that_no_qr_code_holds_gets_a_sentence(app, text):
    assert "QR code" in ask(app, "shell", "draw_qr", {"text": text})["error"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (None, "settings did not arrive"),
        ({}, "learning rate is empty"),
        ({"learning_rate": "fast"}, "wanted a number"),
        ({"learning_rate": 0.01, "batch_size": 1.5}, "wanted a whole number"),
        ({"learning_rate": 0.01, "batch_size": 64, "epochs": 1, "seed": 0, "model": "../x"}, "no network called"),
    ],
)
def test_settings_of_a_training_are_not_trusted(app, settings, words):
    assert words in ask(app, "train", "start_training", {"settings": settings})["error"]


def test_nobody_looks_at_somebody_else_s_training(app):
    answer = ask(app, "train", "look_at_training", {"visitor": "v" * 22, "job": "j" * 22})
    assert "not on this server any more" in answer["error"]


@pytest.mark.parametrize("path", [ASK, *(f"gradio_api/{way}/upload" for way in ("run", "api", "call", "call/v2"))])
@pytest.mark.parametrize("kind", ["application/json", "multipart/x"])
def test_a_request_over_4_mb_is_refused(app, kind, path):
    try:
        status, answer = post(app, json.dumps({"data": "x" * 5_000_000}).encode(), kind, path)
    except (BrokenPipeError, ConnectionResetError, urllib.error.URLError):
        return  # refused before all of it was sent
    assert status == 413
    assert "at most 4 MB" in answer


def test_a_picture_is_decoded_in_a_turn_of_its_client_s(monkeypatch):
    turns = []

    @contextlib.contextmanager
    def noted():
        turns.append("began")
        yield

    monkeypatch.setattr(requests, "taking_turns", noted)
    requests.parse_ink({"index": 7})
    assert turns == []
    with pytest.raises(DigitsError):
        requests.parse_ink({"picture": "data:image/png;base64,AAAA"})
    assert turns == ["began"]


def test_several_digits_are_offered_as_a_number_and_one_is_not(app):
    several = {"strokes": [[round(1_000 * c) for point in stroke for c in point] for stroke in write("42", height=0.3)]}
    assert ask(app, "draw", "offer_number", several)["number"] == "42"
    one = {"strokes": [[100, 100, 600, 100, 300, 900]]}
    assert ask(app, "draw", "offer_number", one) == {}
    assert "error" in ask(app, "draw", "offer_number", {"strokes": [[0, 0, 9, 9 + i] for i in range(70)]})
