"""Pointers that get lost on their way leave no pen down and no dead pad. What only a device has (a pen's eraser, an
iPad's Scribble, releases that never come) is simulated by the events that it sends.
"""

import pytest
from drawings import DIGITS
from playwright.sync_api import expect
from test_pen import PHONE, Hand, strokes_of

SEND = """([kind, x, y, more]) => {
    const paper = document.querySelector('.paper');
    const box = paper.getBoundingClientRect();
    const place = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
    const pointer = { bubbles: true, cancelable: true, isPrimary: true, pointerType: 'touch', button: 0, buttons: 1 };
    (more.at === 'window' ? document.body : paper)
        .dispatchEvent(new PointerEvent('pointer' + kind, { ...pointer, ...place, ...more }));
}"""


def send(visitor, kind: str, x: float, y: float, **more: object) -> None:
    visitor.page.evaluate(SEND, [kind, x, y, more])


def stroke(visitor, x: float, **pointer: object) -> None:
    """From top to bottom, without the pointer's end."""
    send(visitor, "down", x, 0.2, **pointer)
    for i in range(1, 7):
        send(visitor, "move", x, 0.2 + 0.1 * i, **pointer)


def columns(visitor) -> list[int]:
    """Where each stroke is, in hundredths of the pad's side."""
    return [round(points[0][0] / 10) for points in strokes_of(visitor)]


@pytest.fixture
def visitor(visit):
    return visit()


@pytest.mark.parametrize("kind", ["touch", "pen", "mouse"])
def test_a_pointer_whose_end_was_lost_makes_way_for_the_next(visitor, kind):
    """Simulated: the second pointer of the same kind, or of another one after three seconds."""
    stroke(visitor, 0.3, pointerId=11, pointerType=kind)
    stroke(visitor, 0.6, pointerId=12, pointerType=kind)
    send(visitor, "up", 0.6, 0.8, pointerId=12, pointerType=kind)
    assert columns(visitor) == [30, 60]


def test_a_lost_finger_does_not_keep_the_mouse_off_for_long(visitor):
    """Simulated; the clock is turned by the event's own time."""
    stroke(visitor, 0.3, pointerId=11)
    visitor.page.evaluate("""() => {
        const { get } = Object.getOwnPropertyDescriptor(Event.prototype, 'timeStamp');
        Object.defineProperty(Event.prototype, 'timeStamp', { get() { return get.call(this) + 3_500; } });
    }""")
    visitor.draw([[(0.6, 0.2), (0.6, 0.8)]])
    assert columns(visitor) == [30, 60]


def test_a_release_beside_the_pad_ends_the_stroke_where_the_capture_is_refused(visitor):
    visitor.page.evaluate("() => { Element.prototype.setPointerCapture = () => { throw new DOMException('gone'); }; }")
    box = visitor.page.locator(".paper").bounding_box()
    mouse = visitor.page.mouse
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.9, steps=5)
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] + 15)
    mouse.up()
    mouse.move(box["x"] + 30, box["y"] + 30)
    expect(visitor.page.locator(".answer")).to_have_text("1")
    assert columns(visitor) == [50]


@pytest.mark.parametrize("away", ["Alt+Digit2", "blur", "hidden"])
def test_a_pen_that_is_down_as_the_page_goes_away_is_up_as_it_comes_back(visitor, away):
    """Simulated but for the page's own tab: the window loses the focus, the browser's tab is switched."""
    page = visitor.page
    box = page.locator(".paper").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.8, steps=5)
    if away == "blur":
        page.evaluate("window.dispatchEvent(new Event('blur'))")
    elif away == "hidden":
        page.evaluate("""() => {
            Object.defineProperty(document, 'hidden', { value: true, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
            delete document.hidden;
        }""")
    else:
        page.keyboard.press(away)
        expect(page.locator("#train")).to_be_visible()
        page.mouse.up()
        visitor.tab("Draw")
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.5)
    expect(page.locator(".answer")).to_have_text("1")
    page.mouse.up()
    page.locator(".paper").press("Escape")
    visitor.draw(DIGITS[7])
    expect(page.locator(".answer")).to_have_text("7")


def test_control_click_the_other_buttons_and_the_context_menu_draw_nothing(visitor):
    paper = visitor.page.locator(".paper")
    paper.click(modifiers=["Control"])
    paper.click(button="right")
    paper.click(button="middle")
    assert strokes_of(visitor) == []
    shown = "(paper) => paper.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))"
    assert paper.evaluate(shown) is False  # a long press of a finger would open it, and take the finger away
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")


def test_the_eraser_end_of_a_pen_erases_and_its_point_draws_again(visitor):
    """Simulated: Chromium's own input has no such end."""
    visitor.draw(DIGITS[4])
    assert len(strokes_of(visitor)) == 2
    for kind, x in (("down", 0.2), ("move", 0.35), ("move", 0.5), ("up", 0.5)):
        send(visitor, kind, x, 0.3, pointerId=5, pointerType="pen", button=5, buttons=32)
    expect(visitor.page.locator(".answer")).to_have_text("1")
    stroke(visitor, 0.9, pointerId=5, pointerType="pen")
    send(visitor, "up", 0.9, 0.8, pointerId=5, pointerType="pen", buttons=0)
    assert columns(visitor)[-1] == 90


def test_the_hand_that_holds_the_pen_draws_nothing_between_its_strokes(visit):
    visitor = visit(**PHONE)
    hand = Hand(visitor)
    hand.pen("mousePressed", 0.4, 0.2)
    hand.pen("mouseMoved", 0.4, 0.8)
    hand.pen("mouseReleased", 0.4, 0.8)
    hand.down(0.8, 0.9)
    hand.move(0.8, 0.7)
    hand.up()
    hand.pen("mousePressed", 0.6, 0.2)
    hand.pen("mouseMoved", 0.6, 0.8)
    hand.pen("mouseReleased", 0.6, 0.8)
    assert columns(visitor) == [40, 60]


def test_a_pencil_s_touches_are_the_page_s_not_scribble_s(visitor):
    """Simulated: an iPad asks by a touchmove that can be cancelled."""
    taken = """(paper) => paper.dispatchEvent(new TouchEvent('touchmove', { bubbles: true, cancelable: true }))"""
    assert visitor.page.locator(".paper").evaluate(taken) is False


def test_two_fingers_beside_the_pad_zoom_the_page(visit):
    visitor = visit(**PHONE)
    session = visitor.context.new_cdp_session(visitor.page)
    box = visitor.page.locator(".bars").bounding_box()
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session.send("Input.synthesizePinchGesture", {**middle, "scaleFactor": 2, "relativeSpeed": 1_600})
    visitor.page.wait_for_function("window.visualViewport.scale > 1.5")
    assert strokes_of(visitor) == []
