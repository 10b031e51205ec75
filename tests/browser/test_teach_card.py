"""The card beside the pad: where the server refuses or does not answer, everybody sees it, and an offer stays."""

import json
import re

from drawings import DIGITS
from playwright.sync_api import expect

REFUSED = "Your last training has not ended; wait for it, or stop it first."
TAUGHT = {
    "job": "taught",
    "active": False,
    "sentence": "Taught: a copy of Large CNN has learned from 1 drawing. Keep it?",
    "trouble": False,
    "share": 1,
    "result": {"drawings": [0, 1], "test": [0.9976, 0.9976], "count": 1},
}


def serve(page, answers: dict) -> None:
    """Let the server give these answers to what they name, and none where there is None."""

    def fulfil(route):
        name = json.loads(route.request.post_data)["fn_name"]
        if name not in answers:
            return route.continue_()
        return route.abort() if answers[name] is None else route.fulfill(json=answers[name])

    page.route(re.compile("component_server"), fulfil)


def test_a_refused_teaching_and_a_decision_that_is_lost_are_said_above_the_page(visit):
    visitor = visit()
    page, card = visitor.page, visitor.page.locator(".next")
    said = page.locator(".bar.back")
    read = {key: {"digit": best, "best": best, "probability": 0.9} for key, best in (("cnn-large", 1), ("mlp", 7))}
    answers = {"read_with_all": {"answers": read}, "teach": {"error": REFUSED}}
    serve(page, answers)
    visitor.draw(DIGITS[1])
    card.get_by_role("button", name="Teach it: a 7").click()
    expect(page.locator(".correct")).to_have_text("Kept as a 7 in My drawings.")
    expect(said).to_have_text(REFUSED)
    expect(said).to_be_in_viewport()
    expect(page.locator("dialog.mine")).to_be_hidden()

    answers.update(teach=TAUGHT | {"active": True}, look_at_teaching=TAUGHT, keep_teaching=None)
    card.get_by_role("button", name="Teach it: a 7").click()
    expect(card).to_contain_text("Taught. Keep it?")
    card.get_by_role("button", name="Keep").click()
    expect(said).to_have_text("The server does not answer. Your drawing is kept.")
    expect(card).to_contain_text("Taught. Keep it?")
    answers["keep_teaching"] = {"error": "The taught network is not on this server any more; teach it again."}
    card.get_by_role("button", name="Keep").click()
    expect(said).to_have_text("The taught network is not on this server any more; teach it again.")
    expect(card).not_to_contain_text("Keep it?")
