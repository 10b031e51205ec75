"""The pen under the hand: fingers, a palm, a pen with pressure, the edge of the pad, and the ink that runs ahead."""

import json

import pytest
from drawings import DIGITS
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


class Hand:
    """Fingers and a pen on the pad, through Chromium's own input; places in shares of the pad's side."""

    def __init__(self, visitor) -> None:
        self.page = visitor.page
        self.session = visitor.context.new_cdp_session(self.page)
        self.box = self.page.locator(".paper").bounding_box()
        self.fingers = {}

    def at(self, x: float, y: float) -> dict:
        return {"x": self.box["x"] + x * self.box["width"], "y": self.box["y"] + y * self.box["height"]}

    def _touch(self, kind: str, fingers: dict) -> None:
        points = [{**self.at(*place), "id": finger} for finger, place in fingers.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, x: float, y: float, finger: int = 0) -> None:
        self.fingers[finger] = (x, y)
        self._touch("touchStart", self.fingers)

    def move(self, x: float, y: float, finger: int = 0) -> None:
        self.fingers[finger] = (x, y)
        self._touch("touchMove", self.fingers)

    def up(self, finger: int = 0) -> None:
        self._touch("touchEnd", {finger: self.fingers.pop(finger)})

    def pen(self, kind: str, x: float, y: float, pressure: float = 0.5) -> None:
        event = {"type": kind, **self.at(x, y), "button": "left", "buttons": 1, "pointerType": "pen"}
        self.session.send("Input.dispatchMouseEvent", {**event, "force": pressure, "clickCount": 1})


def strokes_of(visitor) -> list:
    kept = visitor.page.evaluate("sessionStorage.getItem('digits-drawing')")
    return json.loads(kept)["strokes"] if kept else []


def width_of_ink(visitor, y: float) -> int:
    """Pixels of ink across the paper at a height, in shares of its side."""
    return visitor.page.evaluate(
        """(y) => {
            const paper = document.querySelector('.paper');
            const row = paper.getContext('2d').getImageData(0, Math.round(y * paper.height), paper.width, 1).data;
            return row.filter((value, i) => i % 4 === 3 && value > 127).length;
        }""",
        y,
    )


def painted(visitor) -> None:
    visitor.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_finger_draws_and_the_page_scrolls_only_beside_the_pad(visit):
    visitor = visit(**PHONE)
    hand = Hand(visitor)
    scrolled = "Math.round(window.scrollY)"
    hand.down(0.5, 0.9)
    for i in range(20):
        hand.move(0.5, 0.9 - 0.04 * i)
    hand.up()
    expect(visitor.page.locator(".answer")).to_have_text("1")
    assert visitor.page.evaluate(scrolled) == 0
    hand.down(0.5, 1.5)  # on the words under the pad
    for i in range(20):
        hand.move(0.5, 1.5 - 0.04 * i)
    hand.up()
    visitor.page.wait_for_function(f"{scrolled} > 100")
    assert len(strokes_of(visitor)) == 1


def test_a_second_finger_neither_draws_nor_ends_the_stroke(visit):
    visitor = visit(**PHONE)
    hand = Hand(visitor)
    points = DIGITS[7][0]
    hand.down(*points[0])
    for i, (x, y) in enumerate(points[1:]):
        if i == 1:
            hand.down(0.9, 0.9, finger=1)
            hand.move(0.8, 0.95, finger=1)
            hand.move(0.1, 0.95, finger=1)
        hand.move(x, y)
        if i == 1:
            hand.up(finger=1)
    hand.up()
    expect(visitor.page.locator(".answer")).to_have_text("7")
    (stroke,) = strokes_of(visitor)
    assert max(y for _, y in stroke) < 900  # nothing of the second finger's line
    hand.down(0.2, 0.2)  # and the next finger draws
    hand.move(0.3, 0.3)
    hand.up()
    assert len(strokes_of(visitor)) == 2


def test_a_pen_takes_over_from_the_palm_that_came_before_it(visit):
    visitor = visit(**PHONE)
    hand = Hand(visitor)
    hand.down(0.9, 0.95)
    hand.move(0.85, 0.95)
    hand.pen("mousePressed", 0.5, 0.2)
    for i in range(1, 11):
        hand.pen("mouseMoved", 0.5, 0.2 + 0.06 * i)
        hand.move(0.85, 0.95 - 0.01 * i)
    hand.pen("mouseReleased", 0.5, 0.8)
    hand.up()
    expect(visitor.page.locator(".answer")).to_have_text("1")
    (stroke,) = strokes_of(visitor)
    assert {round(x, -2) for x, _ in stroke} == {500}


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_stroke_that_leaves_the_pad_and_comes_back_is_two(visit, by):
    visitor = visit(**(PHONE if by == "finger" else {}))
    hand = Hand(visitor)
    mouse = visitor.page.mouse
    path = [(0.5, 0.3), (0.8, 0.3), (0.95, 0.3), (1.04, 0.3), (1.04, 0.6), (1.04, 0.7), (0.95, 0.7), (0.8, 0.7)]
    for i, place in enumerate(path):
        if by == "finger":
            (hand.move if i else hand.down)(*place)
            continue
        mouse.move(*hand.at(*place).values())
        if i == 0:
            mouse.down()
    if by == "finger":
        hand.up()
    else:
        mouse.up()
    out, back = strokes_of(visitor)
    assert out[0] == pytest.approx((500, 300), abs=3)
    assert out[-1] == pytest.approx((1_000, 300), abs=3)
    assert back[0] == pytest.approx((1_000, 700), abs=3)
    assert back[-1] == pytest.approx((800, 700), abs=3)
    painted(visitor)
    assert width_of_ink(visitor, 0.5) == 0  # no line along the edge


def test_the_pen_may_be_lifted_beside_the_pad(visit):
    visitor = visit()
    visitor.draw([[(0.5, 0.2), (0.5, 0.6), (0.5, 1.2)]])
    expect(visitor.page.locator(".answer")).to_have_text("1")
    visitor.page.mouse.move(*Hand(visitor).at(0.2, 0.5).values())  # it is up: this draws nothing
    assert len(strokes_of(visitor)) == 1


@pytest.mark.parametrize(("pressures", "wider"), [((0.1, 1.0), True), ((0.5, 0.5), False), ((0, 0), False)])
def test_a_pen_with_pressure_draws_wider_where_it_presses(visit, pressures, wider):
    visitor = visit()
    hand = Hand(visitor)
    light, hard = pressures
    hand.pen("mousePressed", 0.5, 0.15, light)
    for i in range(1, 29):
        hand.pen("mouseMoved", 0.5, 0.15 + i * 0.025, light if i < 14 else hard)
    hand.pen("mouseReleased", 0.5, 0.85, hard)
    expect(visitor.page.locator(".answer")).to_have_text("1")
    painted(visitor)
    above, below = width_of_ink(visitor, 0.25), width_of_ink(visitor, 0.75)
    assert above > 0
    assert (below > 1.5 * above) == wider
    assert wider or below == above


def test_the_ink_runs_ahead_but_is_never_kept_nor_sent(visit):
    visitor = visit()
    page = visitor.page
    sent = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    hand = Hand(visitor)
    ahead = hand.at(0.9, 0.9)
    page.evaluate(
        """({ x, y }) => {
            window.lines = [];
            const { lineTo } = CanvasRenderingContext2D.prototype;
            CanvasRenderingContext2D.prototype.lineTo = function (...to) {
                window.lines.push(to.join(' '));
                lineTo.apply(this, to);
            };
            const guess = new PointerEvent('pointermove', { clientX: x, clientY: y });
            PointerEvent.prototype.getPredictedEvents = () => [guess];
        }""",
        ahead,
    )
    visitor.draw([[(0.5, 0.2 + i * 0.03) for i in range(20)]])
    expect(page.locator(".answer")).to_have_text("1")
    assert any(line.startswith(("900 ", "901 ", "899 ")) for line in page.evaluate("window.lines"))
    painted(visitor)
    assert width_of_ink(visitor, 0.9) == 0
    assert max(x for x, _ in strokes_of(visitor)[0]) < 600
    readings = [json.loads(text)["data"]["strokes"] for text in sent if "read_strokes" in text]
    assert readings
    assert max(x for strokes in readings for stroke in strokes for x in stroke[::2]) < 600
