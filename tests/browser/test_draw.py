"""The Draw tab as a visitor uses it: mouse, finger and keyboard."""

import io
import json
import re

import pytest
from drawings import DIGITS
from PIL import Image, ImageDraw
from playwright.sync_api import expect


def answer(visitor):
    return visitor.page.locator(".answer")


def sentence(visitor):
    return visitor.page.locator(".sentence")


def ink_on_paper(visitor) -> int:
    """How many of the paper's pixels have ink."""
    return visitor.page.evaluate("""() => {
        const paper = document.querySelector('.paper');
        const data = paper.getContext('2d').getImageData(0, 0, paper.width, paper.height).data;
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }""")


def test_all_ten_digits_drawn_with_the_mouse_are_read_right(visit):
    visitor = visit()
    for digit, strokes in DIGITS.items():
        visitor.draw(strokes)
        expect(sentence(visitor)).to_contain_text(f" {digit}.")
        expect(answer(visitor)).to_have_text(str(digit))
        expect(visitor.page.locator(".labels .first")).to_have_text(str(digit))
        visitor.page.get_by_role("button", name="Clear").click()
        expect(answer(visitor)).to_have_text("?")
        visitor.page.evaluate("new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))")
        assert ink_on_paper(visitor) == 0


def test_the_answer_comes_while_the_pen_is_down(visit):
    visitor = visit()
    box = visitor.page.locator(".paper").bounding_box()
    for i, (x, y) in enumerate(DIGITS[7][0]):
        visitor.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        if i == 0:
            visitor.page.mouse.down()
    expect(answer(visitor)).to_have_text("7")
    visitor.page.mouse.up()


def test_the_page_shows_what_the_network_saw(visit):
    visitor = visit()
    visitor.draw(DIGITS[1])
    expect(answer(visitor)).to_have_text("1")
    columns = visitor.page.evaluate("""() => {
        const data = document.querySelector('.seen').getContext('2d').getImageData(0, 0, 28, 28).data;
        return [...Array(28).keys()].map((x) => [...Array(28).keys()].some((y) => data[(y * 28 + x) * 4] < 128));
    }""")
    inked = [x for x, ink in enumerate(columns) if ink]
    assert inked
    assert min(inked) >= 11
    assert max(inked) <= 16  # a 1 is narrow, and in the middle


def test_undo_redo_and_eraser(visit):
    visitor = visit()
    button = visitor.page.get_by_role("button", name="Undo")
    expect(button).to_be_disabled()
    visitor.draw(DIGITS[4])
    expect(answer(visitor)).to_have_text("4")
    button.click()
    expect(answer(visitor)).not_to_have_text("4")
    visitor.page.get_by_role("button", name="Redo").click()
    expect(answer(visitor)).to_have_text("4")
    visitor.page.locator(".paper").focus()
    visitor.page.keyboard.press("Control+z")
    expect(answer(visitor)).not_to_have_text("4")
    visitor.page.keyboard.press("Control+Shift+z")
    expect(answer(visitor)).to_have_text("4")
    visitor.page.get_by_role("button", name="Eraser").click()
    visitor.draw([[(0.25, 0.3), (0.5, 0.3)]])  # across the left stroke only
    expect(answer(visitor)).to_have_text("1")  # the stem is left


def test_a_dot_is_no_digit(visit):
    visitor = visit()
    visitor.draw([[(0.5, 0.5)]])
    expect(visitor.page.locator(".doubt")).to_contain_text("Larger than a dot")
    expect(answer(visitor)).to_have_text("?")


def test_a_scribble_over_the_whole_pad_does_not_look_like_a_digit(visit):
    visitor = visit()
    rows = [(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 24) for i in range(25)]
    columns = [(0.1 + 0.8 * i / 24, 0.1 + 0.8 * (i % 2)) for i in range(25)]
    visitor.draw([[*rows, *columns]])
    expect(sentence(visitor)).to_contain_text("No digit that I know")
    expect(answer(visitor)).to_have_class("answer unsure")


def test_the_drawing_is_read_again_with_another_network(visit):
    visitor = visit()
    visitor.draw(DIGITS[2])
    expect(answer(visitor)).to_have_text("2")
    before = visitor.page.locator(".bars").get_attribute("aria-label")
    visitor.use("MLP")
    # The old answer stands beside the new one for a moment.
    expect(visitor.page.locator(".verdict .before")).to_have_text("2")
    expect(visitor.page.locator(".bars")).not_to_have_attribute("aria-label", before)
    expect(visitor.page.locator(".verdict .before")).to_be_hidden()


def test_a_random_test_digit_is_shown_and_read(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="Test digit").click()
    expect(visitor.page.locator(".doubt")).to_contain_text("labelled")
    assert ink_on_paper(visitor) > 0
    visitor.draw(DIGITS[3])  # a pen on a picture begins a new drawing
    expect(answer(visitor)).to_have_text("3")


def picture_of_a_seven() -> bytes:
    picture = Image.new("RGB", (600, 400), (245, 240, 225))
    ImageDraw.Draw(picture).line([(380, 120), (480, 120), (420, 300)], fill=(30, 40, 110), width=14, joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def test_a_picture_can_be_opened(visit):
    visitor = visit()
    file = {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_a_seven()}
    visitor.page.locator(".picture-file").set_input_files(file)
    expect(answer(visitor)).to_have_text("7")


def test_a_picture_can_be_pasted(visit):
    visitor = visit()
    visitor.page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'seven.png', { type: 'image/png' }));
            document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
        }""",
        list(picture_of_a_seven()),
    )
    expect(answer(visitor)).to_have_text("7")


def test_a_text_file_renamed_png_gets_one_sentence_and_the_pad_goes_on(visit):
    visitor = visit()
    file = {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear reader, this is no picture."}
    visitor.page.locator(".picture-file").set_input_files(file)
    expect(sentence(visitor)).to_contain_text("not a picture")
    visitor.draw(DIGITS[0])
    expect(answer(visitor)).to_have_text("0")


def test_a_phone_draws_with_a_finger_and_does_not_scroll(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=3)
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390  # nothing hangs over the edge
    box = page.locator(".paper").bounding_box()
    touch = visitor.context.new_cdp_session(page)
    for stroke in DIGITS[2]:
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in stroke]
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(answer(visitor)).to_have_text("2")
    assert page.evaluate("window.scrollY") == 0


def test_by_keyboard_alone(visit):
    visitor = visit()
    page = visitor.page
    for _ in range(20):  # to the pad by Tab
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('paper')"):
            break
    page.keyboard.press("5")
    expect(page.locator(".doubt")).to_contain_text("labelled 5")
    page.keyboard.press("Escape")
    expect(answer(visitor)).to_have_text("?")
    page.keyboard.press(" ")  # pen down, ten steps downwards, pen up: a 1
    for _ in range(10):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    expect(answer(visitor)).to_have_text("1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_stands_out_from_the_paper_in_both_themes(visit, app, theme):
    visitor = visit(app + f"?__theme={theme}")
    colours = visitor.page.locator(".paper").evaluate(
        "(paper) => [getComputedStyle(paper).color, getComputedStyle(paper.parentElement).backgroundColor]"
    )
    ink, paper = (sum(map(float, colour[colour.index("(") + 1 : -1].split(",")[:3])) / 3 for colour in colours)
    assert (ink > paper) == (theme == "dark")
    assert abs(ink - paper) > 120


def test_the_pen_in_the_hand_wins_over_keys_and_pictures_that_come_late(visit):
    visitor = visit()
    page = visitor.page
    box = page.locator(".paper").bounding_box()
    page.get_by_role("button", name="Test digit").click()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in DIGITS[7][0]]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:3]:
        page.mouse.move(*point)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    for point in points[3:]:
        page.mouse.move(*point)
    page.mouse.up()
    expect(answer(visitor)).to_have_text("7")


def test_a_reload_keeps_the_drawing(visit):
    visitor = visit()
    visitor.draw(DIGITS[9])
    expect(answer(visitor)).to_have_text("9")
    visitor.page.reload()
    expect(answer(visitor)).to_have_text("9")


@pytest.mark.parametrize("height", [664, 844])  # with and without a browser's bars
def test_on_a_phone_the_answer_and_the_whole_pad_are_on_the_screen_at_once(visit, height):
    visitor = visit(viewport={"width": 390, "height": height}, has_touch=True, is_mobile=True)
    for drawn in (False, True):
        if drawn:
            visitor.draw(DIGITS[4])
            expect(answer(visitor)).to_have_text("4")
        assert visitor.page.evaluate("window.scrollY") == 0
        for selector in (".answer", ".sentence", ".paper"):
            box = visitor.page.locator(selector).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["y"] + box["height"] <= height


def test_the_paper_moves_by_no_pixel_while_the_answer_changes(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    paper = visitor.page.locator(".paper")
    before = paper.bounding_box()
    visitor.draw(DIGITS[8])
    expect(answer(visitor)).to_have_text("8")
    assert paper.bounding_box() == before
    rows = [(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 24) for i in range(25)]
    visitor.draw([[*rows, *((y, x) for x, y in rows)]])
    expect(sentence(visitor)).to_contain_text("No digit that I know")
    assert paper.bounding_box() == before
    visitor.page.get_by_role("button", name="Test digit").click()
    expect(visitor.page.locator(".doubt")).to_contain_text("labelled")
    assert paper.bounding_box() == before


def test_the_paper_has_a_focus_ring_for_the_keyboard_and_none_for_the_hand(visit):
    visitor = visit()
    ring = "getComputedStyle(document.querySelector('.paper')).outlineStyle"
    visitor.draw(DIGITS[1])
    assert visitor.page.evaluate(ring) == "none"
    visitor.page.keyboard.press("ArrowLeft")
    assert visitor.page.evaluate(ring) == "solid"


INKED_ROWS = """(canvases) => canvases.map((canvas) => {
    const data = canvas.getContext('2d').getImageData(0, 0, 28, 28).data;
    const range = [...Array(28).keys()];
    const inked = range.filter((y) => range.some((x) => data[(y * 28 + x) * 4] < 195));
    return inked.length ? inked[inked.length - 1] - inked[0] + 1 : 0;
})"""


def test_the_preparation_is_shown_and_a_step_switched_off_changes_the_answer(visit):
    visitor = visit()
    page = visitor.page
    small = [[(0.04 + x * 0.16, 0.04 + y * 0.16) for x, y in stroke] for stroke in DIGITS[4]]  # in a corner
    visitor.draw(small)
    expect(answer(visitor)).to_have_text("4")
    page.get_by_role("button", name="Preparation").click()
    rows = f"({INKED_ROWS})([...document.querySelectorAll('.steps canvas')])"
    page.wait_for_function(f"{rows}[0] < 9 && {rows}[3] > 0")
    drawn, cropped, scaled, centred = page.evaluate(rows)
    assert 0 < drawn <= 8
    assert cropped >= 26
    assert 19 <= scaled <= 22
    assert 19 <= centred <= 22
    before = page.locator(".bars").inner_text()
    for name in ("cropped to the ink", "long side 20 pixels", "centred by its mass"):
        page.get_by_label(name).uncheck()
    expect(page.locator(".bars")).not_to_have_text(before, use_inner_text=True)
    page.wait_for_function(f"{rows}[3] < 10")


def test_every_network_reads_the_same_strokes_once_the_pen_is_up(visit):
    visitor = visit()
    rows = visitor.page.locator(".others .reader")
    expect(rows).to_have_count(3)
    asked = []
    visitor.page.on("request", lambda request: asked.append("read_with_all" in (request.post_data or "")))
    visitor.draw(DIGITS[6])
    expect(rows.locator(".read")).to_have_text(["6", "6", "6"])
    assert sum(asked) <= 3  # a drawing of one stroke, not one request a reading
    rows.nth(2).click()
    expect(rows.first).to_contain_text("MLP")  # the one in use stands first
    expect(visitor.page.locator(".network b")).to_have_text("MLP 784-512-10")


def test_the_inside_moves_with_the_pen_and_is_not_sent_while_it_is_off_the_screen(visit):
    visitor = visit()
    page = visitor.page
    readings = []
    page.on(
        "request",
        lambda request: (
            readings.append(request.post_data_json) if "read_strokes" in (request.post_data or "") else None
        ),
    )
    visitor.draw(DIGITS[3])
    expect(answer(visitor)).to_have_text("3")
    expect(page.locator(".logits .first b")).to_have_text("3")
    expect(page.locator(".stage figcaption")).to_have_text(["16 of 40 maps", "16 of 80 maps", "16 of 160 maps"])
    for _ in range(100):  # the reading after the pen is lifted may be on its way, and those before do not all bring it
        if readings[-1]["data"]["inside"]:
            break
        page.wait_for_timeout(50)
    assert readings[-1]["data"]["inside"] is True
    visitor.use("MLP")
    expect(page.locator(".stage figcaption")).to_have_text([re.compile("512 hidden units")])
    page.locator(".stage canvas").hover(position={"x": 3, "y": 3})
    expect(page.locator(".unit")).to_contain_text("Unit 1: ink × weights = ")
    page.set_viewport_size({"width": 1280, "height": 420})
    page.wait_for_timeout(100)  # for the observer's own frame; nothing on the page tells it
    page.get_by_role("button", name="Undo").click()
    visitor.draw(DIGITS[7])
    expect(answer(visitor)).to_have_text("7")
    assert readings[-1]["data"]["inside"] is False


def test_what_comes_next_follows_the_answers(visit):
    visitor = visit()
    card = visitor.page.locator(".next")
    expect(card).to_contain_text("train your own")
    rows = [(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 24) for i in range(25)]
    visitor.draw([[*rows, *((y, x) for x, y in rows)]])
    expect(card).to_contain_text("No digit that I know")
    card.get_by_role("button", name="Test it").click()
    expect(visitor.page.get_by_role("tab", name="Evaluate")).to_have_attribute("aria-selected", "true")


def test_an_example_draws_itself_and_is_read_unless_motion_is_unwanted(visit):
    visitor, still = visit(), visit(reduced_motion="reduce")
    expect(answer(visitor)).to_have_text("1")
    expect(answer(still)).to_have_text("?")


def test_a_reading_that_never_comes_back_is_asked_again(visit):
    visitor = visit()
    page = visitor.page
    lost = []

    def lose(route):
        if "read_strokes" in (route.request.post_data or "") and len(lost) < 1:
            lost.append(route)
            return route.abort()
        return route.continue_()

    page.route(re.compile("component_server"), lose)
    visitor.draw(DIGITS[5])
    expect(answer(visitor)).to_have_text("5")
    assert lost


def test_a_release_that_was_lost_does_not_leave_the_pen_down(visit):
    visitor = visit()
    page = visitor.page
    page.evaluate("""() => {
        const paper = document.querySelector('.paper');
        const box = paper.getBoundingClientRect();
        const send = (type, x, y, buttons) => paper.dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerId: 7, button: 0, buttons,
            clientX: box.left + x * box.width, clientY: box.top + y * box.height,
        }));
        send('pointerdown', 0.5, 0.2, 1);
        for (let y = 0.2; y < 0.8; y += 0.05) send('pointermove', 0.5, y, 1);
        send('pointermove', 0.9, 0.9, 0);  // no button is down: it was released elsewhere
        send('pointermove', 0.2, 0.9, 0);
    }""")
    expect(answer(visitor)).to_have_text("1")
    kept = json.loads(page.evaluate("sessionStorage.getItem('digits-drawing')"))["strokes"]
    assert len(kept) == 1
    assert max(x for x, _ in kept[0]) < 600
