"""A laptop that sleeps, another Wi-Fi, a server that ends: a proxy between Chromium and the app cuts every connection,
those that are open as well, and later lets them through again. Chromium's own offline switch leaves open ones alone.
"""

import contextlib
import os
import re
import socket
import threading
import time
from pathlib import Path

import pytest
from asking import ask
from drawings import DIGITS
from playwright.sync_api import expect


class Wire:
    """A port that leads to the app, or to nowhere: `cut` ends all connections and refuses new ones, `swallow` takes new
    ones and never answers, `mend` lets them through.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.open: list[socket.socket] = []
        self.answers = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                browser = listener.accept()[0]
            except OSError:  # it was cut
                return
            self.open.append(browser)
            if not self.answers:
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            self.open.append(server)
            for source, sink in ((browser, server), (server, browser)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it was cut
            while data := source.recv(65_536):
                if self.answers:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in self.open:
            with contextlib.suppress(OSError):  # it had ended by itself
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.open.clear()

    def swallow(self) -> None:
        self.answers = False

    def mend(self) -> None:
        self.answers = True
        if self.listener.fileno() == -1:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            self._listen()


@pytest.fixture
def wire(app):
    wire = Wire(port_of(app))
    yield wire
    wire.cut()


@pytest.fixture(scope="module")
def fresh(start_app):
    """The address and process of an app that has just begun: it knows nobody."""
    return start_app()


def port_of(address: str) -> int:
    return int(address.rsplit(":", 1)[1].strip("/"))


def ask_as(visitor, part: str, function: str) -> dict:
    """Ask the app past the wire, as this visitor."""
    name = visitor.page.evaluate("localStorage.getItem('digits-visitor')")
    return ask(f"http://127.0.0.1:{visitor.wire.target}/", part, function, {"visitor": name})


@pytest.fixture
def training(visit, wire, app):
    """A visitor behind the wire, on the Train tab, with a training that takes minutes."""
    visitor = visit(wire.address)
    visitor.wire = wire
    visitor.draw(DIGITS[7])
    expect(visitor.page.locator(".answer")).to_have_text("7")
    visitor.tab("Train")
    visitor.page.locator(".ways button").filter(has_text="Beginners' text").click()
    visitor.page.get_by_label("Epochs").fill("200")
    visitor.page.get_by_role("button", name="Train", exact=True).click()
    try:
        expect(visitor.page.locator(".accuracy-now")).to_contain_text("%")
        yield visitor
    finally:
        wire.target = port_of(app)
        ask_as(visitor, "train", "stop_training")


def offline(visitor):
    return visitor.page.locator(".bar.offline")


def epoch(visitor) -> float:
    return float(visitor.page.locator(".numbers dd").first.inner_text())


def test_after_a_cut_the_page_is_where_it_was_and_after_a_server_s_end_no_training_goes_on(training, wire, fresh):
    page = training.page
    page.evaluate("window.isTheSame = true")
    wire.cut()
    expect(offline(training)).to_contain_text("asks again by itself")
    expect(page.locator(".live-pill")).to_have_text("Not connected")
    expect(page.locator(".live .about")).not_to_contain_text("goes on")
    expect(page.get_by_role("tab", name="Train").locator(".pill")).to_have_text("?")
    before = epoch(training)
    training.tab("Draw")
    page.locator(".paper").press("Escape")
    training.draw(DIGITS[3])
    expect(page.locator(".sentence")).to_contain_text("Your drawing is kept")
    training.tab("Train")
    wire.mend()
    expect(offline(training)).to_be_hidden()
    expect(page.locator(".live-pill")).to_have_text("Live")
    page.wait_for_function("(then) => Number(document.querySelector('.numbers dd').textContent) > then + 1", arg=before)
    assert page.evaluate("document.querySelector('.chart.loss path').getAttribute('d').length") > 20
    expect(page.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    assert page.evaluate("window.isTheSame")  # it came back without a reload

    wire.cut()
    wire.target = port_of(fresh[0])
    expect(page.locator(".live-pill")).to_have_text("Not connected")
    wire.mend()
    expect(page.locator(".before .said")).to_contain_text("not on this server any more")
    expect(page.locator(".live")).to_be_hidden()
    expect(page.get_by_role("tab", name="Train").locator(".pill")).to_be_hidden()
    page.locator(".ways button").filter(has_text=re.compile("^Fast")).click()
    expect(page.locator(".estimate")).to_contain_text("Nobody is before you")
    expect(page.locator(".before .said")).to_contain_text("not on this server any more")
    training.tab("Draw")
    expect(page.locator(".answer")).to_have_text("3")


def test_after_a_server_s_end_a_lost_teaching_does_not_go_on(visit, wire, fresh, app):
    visitor = visit(wire.address)
    visitor.wire = wire
    page = visitor.page
    visitor.draw(DIGITS[7])
    page.get_by_role("button", name="It was a 7").click()
    page.locator(".mine-button").click()
    dialog = page.locator("dialog.mine")
    dialog.get_by_role("button", name="Teach it").click()
    expect(dialog.get_by_role("button", name="Stop teaching")).to_be_visible()
    wire.cut()
    wire.target = port_of(fresh[0])
    wire.mend()
    expect(dialog.locator(".notice")).to_have_text("That teaching is not on this server any more; teach again.")
    expect(dialog.get_by_role("button", name="Stop teaching")).to_be_hidden()
    expect(dialog.get_by_role("button", name="Teach it")).to_be_enabled()
    wire.target = port_of(app)
    ask_as(visitor, "draw", "stop_teaching")  # there it goes on, and others want to train


def test_each_tab_asks_again_by_itself(visit, wire):
    visitor = visit(wire.address)
    page = visitor.page
    visitor.tab("Evaluate")
    expect(page.locator("#evaluate .score span")).to_contain_text("undamaged")
    expect(page.locator("#evaluate .wall button").first).to_be_visible()
    wire.cut()
    page.locator("[data-damage=blur]").press("End")
    expect(offline(visitor)).to_be_visible()
    wire.mend()
    expect(page.locator("#evaluate .score span")).to_contain_text("fewer than undamaged")

    wire.cut()
    page.locator("#evaluate .wall button").first.click()
    sheet = page.get_by_role("dialog", name="One digit")
    expect(sheet.locator(".reason")).to_contain_text("does not answer")
    wire.mend()
    expect(sheet.locator(".ten")).to_be_visible()
    expect(sheet.locator(".reason")).to_be_empty()
    page.keyboard.press("Escape")

    wire.cut()
    visitor.tab("Train")
    expect(page.locator(".before .said")).to_contain_text("does not answer")
    wire.mend()
    expect(page.locator(".estimate")).to_contain_text("About")
    expect(page.locator(".before .said")).to_be_empty()

    wire.cut()
    visitor.tab("How it works")
    page.locator("#how .rail button").first.click()
    expect(page.locator("#how .trouble")).to_contain_text("does not answer")
    wire.mend()
    expect(page.locator("#how .wall")).to_have_attribute("aria-label", re.compile("labelled"))
    expect(page.locator("#how .own .read")).to_contain_text("Read as")
    expect(page.locator("#how .trouble")).to_be_hidden()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells so")
def test_an_open_page_costs_the_server_next_to_nothing(visit, fresh):
    address, process = fresh
    visit(address).tab("Train")

    def spent() -> float:
        times = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    time.sleep(3)  # until it has loaded
    before = spent()
    time.sleep(3)
    assert spent() - before < 0.04 * 3  # of a core; LOG.md has the figures


IMPATIENT = "{ const { timeout } = AbortSignal; AbortSignal.timeout = (wait) => timeout(wait / 4); }"


def test_seven_tabs_read_while_a_training_runs_and_give_up_what_is_never_answered(training, wire):
    """A browser has six connections at once for a host: no tab may keep one, not even where no answer comes."""
    training.page.evaluate(IMPATIENT)
    training.context.add_init_script(IMPATIENT)
    pages = [training.page, *(training.open() for _ in range(6))]
    for page in pages:
        page.bring_to_front()
        training.page = page
        training.tab("Draw")
        page.locator(".paper").press("Escape")
        training.draw(DIGITS[1])
        expect(page.locator(".answer")).to_have_text("1")
    wire.swallow()
    for page in pages:  # each looks at the training
        expect(page.locator(".bar.offline")).to_be_visible()
    wire.mend()
    page.locator(".paper").press("Escape")
    training.draw(DIGITS[7])
    expect(page.locator(".answer")).to_have_text("7")
    for page in pages:
        expect(page.locator(".bar.offline")).to_be_hidden()
        expect(page.get_by_role("tab", name="Train").locator(".pill")).to_have_text(re.compile(r"\d+%|✓"))
