"""My drawings: "it was a 7", the grid, the file and back, and teaching a network by them."""

import gzip
import json
import re

import pytest
from drawings import DIGITS
from playwright.sync_api import expect

FLAGGED_ONE = [[(0.36, 0.42), (0.56, 0.2), (0.54, 0.5), (0.52, 0.8)]]


def correct(visitor, strokes, label: int) -> None:
    page = visitor.page
    page.locator(".paper").press("Escape")
    visitor.draw(strokes)
    page.get_by_role("button", name=re.compile(f"It was an? {label}")).click()
    expect(page.locator(".correct")).to_have_text(f"Kept as {'an' if label == 8 else 'a'} {label} in My drawings.")


def tiles(visitor):
    return visitor.page.locator(".mine .drawings li")


def notice(visitor):
    return visitor.page.locator(".notice")


def act(visitor, name: str):
    open_drawings(visitor)
    return visitor.page.locator("dialog.mine").get_by_role("button", name=name, exact=True)


def upload(visitor, file) -> None:
    with visitor.page.expect_file_chooser() as chooser:
        act(visitor, "Upload").click()
    chooser.value.set_files(file)


def open_drawings(visitor) -> None:
    if not visitor.page.locator("dialog.mine").is_visible():
        visitor.page.locator(".mine-button").click()


def close_drawings(visitor) -> None:
    if visitor.page.locator("dialog.mine").is_visible():
        visitor.page.locator("dialog.mine").get_by_role("button", name="Close").click()


def download(visitor, path):
    with visitor.page.expect_download() as download:
        act(visitor, "Download").click()
    assert download.value.suggested_filename == "my-drawings.jsonl"
    download.value.save_as(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_draw_correct_download_upload_teach_keep_and_the_kept_network_reads(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    expect(page.get_by_role("button", name="It was a 1")).to_be_disabled()
    correct(visitor, FLAGGED_ONE, 1)
    correct(visitor, DIGITS[4], 8)  # a lie that only a taught network believes
    correct(visitor, DIGITS[0], 0)
    expect(page.locator(".mine-button")).to_have_text("My drawings (3)")
    open_drawings(visitor)
    expect(tiles(visitor)).to_have_text(["0 read 0×", "8 read 4×", re.compile("1 read [17]×")])

    file = tmp_path / "mine.jsonl"
    lines = download(visitor, file)
    assert [line["label"] for line in lines] == [0, 8, 1]
    assert {line["set"] for line in lines} == {"mine"}
    assert len({line["writer"] for line in lines}) == 1
    act(visitor, "Delete all").click()
    act(visitor, "Really delete 3?").click()
    expect(tiles(visitor)).to_have_count(0)
    upload(visitor, file)
    expect(notice(visitor)).to_have_text("Added 3.")
    expect(tiles(visitor)).to_have_count(3)
    upload(visitor, file)
    expect(notice(visitor)).to_have_text("Added 0; 3 were here already.")
    assert download(visitor, tmp_path / "again.jsonl") == lines
    close_drawings(visitor)

    shipped = visitor.networks()
    page.locator(".others .reader").filter(has_text=re.compile("^CNN")).click()  # the large one believes no such lie
    act(visitor, "Teach it").click()
    expect(notice(visitor)).to_contain_text("Taught: a copy of CNN has learned from 3 drawings", timeout=120_000)
    cells = page.locator(".lesson td").all_inner_texts()
    assert cells[1] == "3 of 3"
    before, after = (float(cell.rstrip("%")) for cell in cells[2:])
    assert before > 99.5
    assert after > before - 0.3
    close_drawings(visitor)
    assert visitor.networks() == shipped  # not yet kept

    page.reload()  # the undecided network is found again
    expect(page.locator(".next")).to_contain_text("Taught. Keep it?")
    act(visitor, "Keep").click()
    expect(notice(visitor)).to_contain_text("Kept as Run 1, and in use")
    expect(page.locator(".network b")).to_have_text("Run 1, CNN")
    expect(tiles(visitor)).to_have_text(["0 read 0×", "8 read 8×", "1 read 1×"])
    page.get_by_role("button", name="Put this 8 on the pad").click()
    expect(page.locator(".answer")).to_have_text("8")
    visitor.use("Large CNN")
    expect(page.locator(".answer")).to_have_text("4")  # the shipped network is as it was

    guest = visit()
    assert guest.networks() == shipped
    open_drawings(guest)
    expect(tiles(guest)).to_have_count(0)


def test_a_second_thought_changes_the_label_and_a_drawing_can_be_deleted(visit):
    visitor = visit()
    correct(visitor, DIGITS[7], 1)
    visitor.page.get_by_role("button", name="It was a 7").click()
    open_drawings(visitor)
    expect(tiles(visitor).locator("b")).to_have_text("7")
    visitor.page.reload()
    open_drawings(visitor)
    expect(tiles(visitor).locator("b")).to_have_text("7")
    close_drawings(visitor)
    correct(visitor, DIGITS[3], 3)
    open_drawings(visitor)
    visitor.page.get_by_role("button", name="Delete this 7").click()
    expect(tiles(visitor).locator("b")).to_have_text("3")


def test_stop_and_discard_leave_every_network_as_it_was(visit):
    visitor = visit()
    visitor.use("MLP")  # is taught in seconds
    correct(visitor, DIGITS[2], 2)
    shipped = visitor.networks()
    act(visitor, "Teach it").click()
    act(visitor, "Stop teaching").click()
    expect(notice(visitor)).to_contain_text("Stopped", timeout=60_000)
    expect(act(visitor, "Keep")).to_be_hidden()
    act(visitor, "Teach it").click()
    act(visitor, "Discard").click(timeout=200_000)
    expect(notice(visitor)).to_have_text("Discarded; every network is as it was.")
    close_drawings(visitor)
    assert visitor.networks() == shipped


def test_a_picture_has_no_correction(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="Test digit").click()
    expect(visitor.page.locator(".doubt")).to_contain_text("labelled")
    expect(visitor.page.get_by_role("button", name="It was a 1")).to_be_disabled()


LINE = json.dumps({"label": 7, "strokes": DIGITS[7]})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", LINE + '\n{"label": 3}\n', 'Line 2 of "a.jsonl" is not a drawing'),
        ("a.jsonl", '{"label": 12, "strokes": [[[0, 0], [5, 9]]]}', "Line 1"),
        ("a.jsonl", '{"label": 1, "strokes": [[[0, 0], [1e999, 9]]]}', "Line 1"),
        ("a.jsonl", '{"label": 1, "strokes": [[[4, 4], [4, 4]]]}', "Line 1"),
        ("a.jsonl", "Dear reader", "Line 1"),
        ("a.jsonl", "\n", "has no drawings"),
        ("a.jsonl.gz", gzip.compress(LINE.encode(), mtime=0)[:40], "cannot be unpacked"),
        ("a.jsonl.gz", gzip.compress(b" " * 21_000_000, mtime=0), "more than 20 MB"),
        (
            "a.jsonl",
            "".join(f'{{"label": 1, "strokes": [[[{i}, 0], [0, 900]]]}}\n' for i in range(600)),
            "there is room for 500",
        ),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(visit, name, content, words):
    visitor = visit()
    open_drawings(visitor)
    buffer = content if isinstance(content, bytes) else content.encode()
    upload(visitor, {"name": name, "mimeType": "application/octet-stream", "buffer": buffer})
    expect(notice(visitor)).to_contain_text(words)
    expect(tiles(visitor)).to_have_count(0)


def test_a_packed_file_in_any_unit_is_read_and_a_full_storage_says_so(visit):
    visitor = visit()
    open_drawings(visitor)
    lines = [json.dumps({"label": digit, "strokes": strokes}) for digit, strokes in DIGITS.items()]
    buffer = gzip.compress("\n".join(lines).encode())
    upload(visitor, {"name": "ten.jsonl.gz", "mimeType": "application/gzip", "buffer": buffer})
    expect(tiles(visitor)).to_have_text([f"{digit} read {digit}×" for digit in range(10)])
    close_drawings(visitor)
    visitor.page.evaluate("""() => {
        for (let text = '', n = 2 ** 23; n >= 1; n /= 2) {
            try { localStorage.setItem('full', text + 'x'.repeat(n)); text += 'x'.repeat(n); } catch { /* too much */ }
        }
    }""")
    visitor.draw(DIGITS[5])
    visitor.page.get_by_role("button", name="It was a 5").click()
    expect(visitor.page.locator(".correct")).to_contain_text("no room for more drawings")
    open_drawings(visitor)
    expect(tiles(visitor)).to_have_count(10)


def test_rubbish_in_the_storage_is_no_drawing(visit):
    visitor = visit()
    rubbish = {"writer": "x", "drawings": [3, None, {"label": 3}, {"label": 1, "strokes": [[["<b>", 2]]]}]}
    visitor.page.evaluate("(text) => localStorage.setItem('digits-drawings', text)", json.dumps(rubbish))
    visitor.page.reload()
    open_drawings(visitor)
    expect(tiles(visitor)).to_have_count(0)
    close_drawings(visitor)
    correct(visitor, DIGITS[6], 6)
    open_drawings(visitor)
    expect(tiles(visitor)).to_have_count(1)
