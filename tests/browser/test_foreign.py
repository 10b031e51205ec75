"""What other programs make of the page: translators, extensions, another screen, browsers that hide, things dropped."""

import base64
import io
import json

import pytest
from drawings import DIGITS
from PIL import Image
from playwright.sync_api import expect
from test_draw import picture_of_a_seven

# Every text of the page, now and later, in two <font>s and in another language, as Google's translator does it.
TRANSLATE = """() => {
    const translate = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) texts.push(walker.currentNode);
        for (const text of texts) {
            const box = text.parentElement;
            if (!text.data.trim() || !box || box.closest('font, svg, style, script, select, [translate=no]')) continue;
            const font = document.createElement('font');
            font.append(document.createElement('font'));
            font.firstChild.textContent = `¡${text.data}!`;
            text.replaceWith(font);
        }
    };
    translate(document.body);
    window.translations = 0;
    new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
            for (const node of addedNodes) {
                if (node.nodeName === 'FONT') continue;
                window.translations++;
                translate(node.nodeType === 3 ? (node.parentElement ?? node) : node);
            }
    }).observe(document.body, { childList: true, subtree: true });
}"""


def test_a_translated_page_draws_keeps_deletes_and_trains(visit):
    visitor = visit()
    page = visitor.page
    page.evaluate(TRANSLATE)
    visitor.draw(DIGITS[7])
    expect(page.locator(".answer")).to_have_text("7")
    expect(page.locator(".sentence")).to_contain_text("¡")
    page.get_by_role("button", name="It was a 7").click()
    page.locator(".mine-button").click()
    expect(page.locator("dialog.mine .drawings li")).to_have_count(1)
    for _ in range(2):
        page.locator("dialog.mine .button").filter(has_text="elete").last.click()
    expect(page.locator("dialog.mine .drawings li")).to_have_count(0)
    page.locator("dialog.mine .tool").filter(has_text="Close").click()
    visitor.tab("Train")
    page.locator(".more summary").click()
    page.locator("[name=examples]").fill("500")
    page.locator("button.start").click()
    expect(page.locator(".band-title")).to_contain_text("is done, and in use!", timeout=60_000)
    expect(page.locator(".network b")).to_contain_text("¡Run 1")
    visitor.tab("Draw")
    expect(page.locator(".others .read")).to_have_count(4)
    page.wait_for_timeout(500)  # until all of them have answered
    page.evaluate("window.translations = 0")
    page.wait_for_timeout(500)
    assert page.evaluate("window.translations") == 0  # page and translator do not take turns


def test_a_screen_reader_is_told_once_per_answer(visit):
    visitor = visit(reduced_motion="reduce")
    page = visitor.page
    page.locator(".paper").press("5")
    expect(page.locator(".doubt")).to_contain_text("labelled 5")
    page.evaluate("""() => {
        window.told = [];
        for (const node of document.querySelectorAll('[aria-live=polite], [role=status]'))
            new MutationObserver(() => node.checkVisibility() && window.told.push(node.textContent))
                .observe(node, { childList: true, characterData: true, subtree: true });
    }""")
    page.locator(".paper").press("7")
    expect(page.locator(".doubt")).to_contain_text("labelled 7")
    expect(page.locator(".others .read").first).to_have_text("7")
    assert len(page.evaluate("window.told")) == 1
    page.locator(".paper").press("7")  # another one, of which the same is said
    page.wait_for_timeout(500)
    assert len(page.evaluate("window.told")) <= 2


def contrast_of_the_paper(page) -> int:
    """Between the darkest and the lightest of what the screen shows of the pad, of 255."""
    picture = Image.open(io.BytesIO(page.locator(".paper").screenshot())).convert("L")
    lightest, darkest = picture.getextrema()[1], picture.getextrema()[0]
    return lightest - darkest


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_that_darkens_pages_leaves_ink_on_paper(visit, app, theme):
    visitor = visit(app + f"?__theme={theme}")
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Emulation.setAutoDarkModeOverride", {"enabled": True})
    visitor.page.reload()
    visitor.page.locator(".network b:not(:empty)").wait_for()
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")
    assert contrast_of_the_paper(visitor.page) > 150
    assert visitor.page.locator("meta[name=darkreader-lock]").count() == 1  # what that extension asks for


def test_a_screen_of_other_pixels_gets_as_sharp_a_paper(visit):
    visitor = visit()
    page = visitor.page
    visitor.draw(DIGITS[7])
    before = page.evaluate("document.querySelector('.paper').width")
    session = visitor.context.new_cdp_session(page)
    for scale in (2, 1.5, 1):
        size = {"width": 1280, "height": 800 - round(4 * scale), "deviceScaleFactor": scale, "mobile": False}
        session.send("Emulation.setDeviceMetricsOverride", size)
        page.wait_for_function(
            "(wanted) => Math.abs(document.querySelector('.paper').width - wanted) < 2", arg=before * scale
        )
    expect(page.locator(".answer")).to_have_text("7")


NO_STORAGE = """for (const name of ['localStorage', 'sessionStorage'])
    Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });"""


def test_without_storage_the_visitor_is_one_as_long_as_the_page_is_open(visit):
    visitor = visit()
    visitor.context.add_init_script(NO_STORAGE)
    page = visitor.open()
    visitor.tab("Train")
    page.locator(".more summary").click()
    page.get_by_label("Training digits").fill("500")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".band-title")).to_contain_text("is done, and in use", timeout=60_000)
    expect(page.locator(".network b")).to_contain_text("Run 1")
    visitor.tab("Draw")
    visitor.draw(DIGITS[1])
    expect(page.locator(".others .read")).to_have_count(4)
    expect(page.locator(".answer")).not_to_have_text("?")


# What browsers that resist fingerprinting do: what a page reads of a canvas is noise.
NOISE = """{
    const shade = () => Math.random() * 255;
    CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) =>
        new ImageData(Uint8ClampedArray.from({ length: 4 * width * height }, shade), width, height);
    const { toDataURL } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.toDataURL = function (...kind) {
        const noise = Object.assign(document.createElement('canvas'), { width: this.width, height: this.height });
        const data = Uint8ClampedArray.from({ length: 4 * this.width * this.height }, shade);
        noise.getContext('2d').putImageData(new ImageData(data, this.width, this.height), 0, 0);
        return toDataURL.apply(noise, kind);
    };
}"""


def test_a_browser_that_gives_noise_for_a_canvas_reads_pictures_all_the_same(visit):
    visitor = visit()
    visitor.context.add_init_script(NOISE)
    page = visitor.open()
    file = {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_a_seven()}
    page.locator(".picture-file").set_input_files(file)
    expect(page.locator(".answer")).to_have_text("7")
    page.locator(".paper").press("Escape")
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><path d="M9 9h70z"/></svg>'
    page.locator(".picture-file").set_input_files({**file, "mimeType": "image/svg+xml", "buffer": drawing})
    expect(page.locator(".sentence")).to_contain_text("does not let pages read pictures")
    visitor.tab("Evaluate")
    page.locator("#evaluate .wall button").first.click()
    expect(page.locator(".detail .acts + *")).to_contain_text("does not let pages read pictures")


DROP = """([kind, files, on]) => {
    const data = new DataTransfer();
    for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
    for (const [type, text] of Object.entries(kind)) data.setData(type, text);
    const drop = (type) => new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
    const node = document.querySelector(on);
    return ['dragover', 'drop'].every((type) => !node.dispatchEvent(drop(type))); // taken: the page stays
}"""


def test_what_is_dropped_anywhere_does_not_replace_the_page(visit):
    visitor = visit()
    page = visitor.page
    visitor.tab("Evaluate")
    seven = ["seven.png", "image/png", list(picture_of_a_seven())]
    assert page.evaluate(DROP, [{}, [seven], "#evaluate"])
    expect(page.locator(".answer")).to_have_text("7")
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    page.locator(".paper").press("Escape")
    assert page.evaluate(DROP, [{"text/uri-list": "https://example.org/seven.png"}, [], ".brand"])
    expect(page.locator(".sentence")).to_have_text(
        "That came as an address, not as a picture; save the picture, then drop its file here."
    )
    address = "data:image/png;base64," + base64.b64encode(picture_of_a_seven()).decode()
    assert page.evaluate(DROP, [{"text/uri-list": address, "text/html": "<img>"}, [], ".paper"])
    expect(page.locator(".answer")).to_have_text("7")
    assert not page.evaluate(DROP, [{"text/plain": "seven"}, [], ".paper"])  # nobody's page is lost by that


def test_a_picture_of_an_iphone_gets_a_sentence_where_the_browser_cannot_open_it(visit):
    visitor = visit()
    chooser = visitor.page.locator(".picture-file")
    assert chooser.get_attribute("accept") == "image/*"  # an iPhone then gives a JPEG to those that want one
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 400
    chooser.set_input_files({"name": "IMG_0001.HEIC", "mimeType": "image/heic", "buffer": heic})
    expect(visitor.page.locator(".sentence")).to_have_text(
        '"IMG_0001.HEIC" is not a picture that this browser can open; try a PNG or JPEG.'
    )


def test_what_is_kept_is_what_was_drawn(visit):
    """No reading of a drawing relies on the canvas: strokes are sent as they are."""
    visitor = visit()
    visitor.context.add_init_script(NOISE)
    page = visitor.open()
    visitor.draw(DIGITS[7])
    expect(page.locator(".answer")).to_have_text("7")
    kept = json.loads(page.evaluate("sessionStorage.getItem('digits-drawing')"))
    assert len(kept["strokes"]) == len(DIGITS[7])
