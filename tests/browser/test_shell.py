"""The shell: one network and one drawing in every tab, the address, and a browser without storage."""

import re

from drawings import DIGITS
from playwright.sync_api import expect


def test_a_network_chosen_in_the_header_is_in_use_in_every_tab(visit):
    visitor = visit()
    page = visitor.page
    visitor.draw(DIGITS[4])
    expect(page.locator(".answer")).to_have_text("4")
    visitor.tab("Evaluate")
    page.locator(".network").click()
    expect(page.locator(".choice .read")).to_have_text(["4", "4", "4"])  # each says what it reads
    page.keyboard.press("Escape")
    visitor.use("MLP")
    expect(page.locator("#evaluate")).to_contain_text("98.13%")
    visitor.tab("Draw")
    expect(page.locator(".others .reader[aria-pressed=true]")).to_contain_text("MLP")
    visitor.tab("Train")
    expect(page.locator(".runs-card")).to_be_hidden()  # nothing was trained yet


def test_the_address_names_tab_and_network_and_the_back_button_goes_back(visit, app):
    visitor = visit(app + "?tab=evaluate&net=mlp")
    page = visitor.page
    expect(page.get_by_role("tab", name="Evaluate")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".network b")).to_have_text("MLP 784-512-10")
    visitor.tab("Train")
    expect(page).to_have_url(re.compile("tab=train&net=mlp"))
    page.go_back()
    expect(page.get_by_role("tab", name="Evaluate")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Alt+Digit1")
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")


def test_the_tabs_go_by_arrow_keys(visit):
    visitor = visit()
    page = visitor.page
    page.get_by_role("tab", name="Draw").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Train")).to_be_focused()
    expect(page.locator("#train")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="How it works")).to_be_focused()


def test_a_browser_that_blocks_storage_draws_all_the_same(chromium, app):
    context = chromium.new_context()
    context.add_init_script("""
        for (const name of ['localStorage', 'sessionStorage']) {
            Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });
        }
    """)
    page = context.new_page()
    page.goto(app)
    expect(page.locator(".network b")).to_have_text("Large CNN")
    page.locator(".paper").focus()
    page.keyboard.press("5")
    expect(page.locator(".doubt")).to_contain_text("labelled 5")
    context.close()


def test_a_server_that_does_not_answer_is_told_and_asked_again(visit):
    visitor = visit()
    page = visitor.page
    page.route(re.compile("component_server"), lambda route: route.abort())
    visitor.draw(DIGITS[3])
    expect(page.locator(".bar.offline")).to_contain_text("Your drawing is kept")
    page.unroute_all()
    expect(page.locator(".answer")).to_have_text("3")
    expect(page.locator(".bar.offline")).to_be_hidden()


def test_what_is_painted_follows_dark_mode_at_once(visit):
    """The tile in the header and the inside: ink is dark on light paper, light on dark."""
    visitor = visit()
    visitor.draw(DIGITS[4])
    expect(visitor.page.locator(".answer")).to_have_text("4")
    brightest = """(selector) => {
        const canvas = document.querySelector(selector);
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const inked = [...data].filter((_, i) => i % 4 === 0 && data[i + 3] === 255);
        return [Math.min(...inked), Math.max(...inked)];
    }"""
    tile = visitor.page.evaluate(brightest, ".mine canvas")
    visitor.page.evaluate("document.body.classList.toggle('dark')")
    visitor.page.wait_for_function(
        f"(before) => String(({brightest})('.mine canvas')) !== before", arg=",".join(map(str, tile))
    )
    dark = visitor.page.evaluate(brightest, ".mine canvas")
    assert tile[0] < 60 < 180 < dark[1]
