"""My drawings: "it was a 7", the grid, the file and back, and teaching a network by them."""

import gzip
import json
import re

import pytest
from drawings import DIGITS
from playwright.sync_api import expect

from digits.training.teaching import MOST_DRAWINGS

CNN = re.compile("(?<!Large )CNN, shipped")
FLAGGED_ONE = [[(0.36, 0.42), (0.56, 0.2), (0.54, 0.5), (0.52, 0.8)]]


def correct(visitor, strokes, label: int) -> None:
    page = visitor.page
    page.locator(".paper").press("Escape")
    visitor.draw(strokes)
    page.get_by_role("button", name=f"It was a {label}").click()
    expect(page.locator(".correction p")).to_have_text(f"Kept as a {label} in my drawings, below.")


def tiles(visitor):
    return visitor.page.locator(".tile")


def notice(visitor):
    return visitor.page.locator(".notice")


def act(visitor, name: str):
    return visitor.page.locator("#drawings").get_by_role("button", name=name)


def upload(visitor, file) -> None:
    with visitor.page.expect_file_chooser() as chooser:
        act(visitor, "Upload").click()
    chooser.value.set_files(file)


def open_drawings(visitor) -> None:
    visitor.page.locator(".drawings summary").click()


def download(visitor, path):
    with visitor.page.expect_download() as download:
        act(visitor, "Download").click()
    assert download.value.suggested_filename == "my-drawings.jsonl"
    download.value.save_as(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def options(visitor) -> list[str]:
    picker = visitor.page.get_by_label("Network that reads")
    picker.click()
    found = [text.removeprefix("✓").strip() for text in visitor.page.get_by_role("option").all_inner_texts()]
    picker.blur()
    expect(visitor.page.get_by_role("option")).to_have_count(0)
    return found


def test_draw_correct_download_upload_teach_keep_and_the_kept_network_reads(visit, tmp_path):
    visitor = visit()
    page = visitor.page
    expect(page.locator(".correction")).to_be_hidden()
    correct(visitor, FLAGGED_ONE, 1)
    correct(visitor, DIGITS[4], 8)  # a lie that only a taught network believes
    correct(visitor, DIGITS[0], 0)
    expect(tiles(visitor)).to_have_count(3)
    expect(tiles(visitor).locator(".words")).to_have_text(["0, read 0", "8, read 4", re.compile("1, read [17]")])

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

    shipped = options(visitor)
    visitor.choose("Network that reads", CNN)  # the large one does not believe such a lie
    act(visitor, "Teach it").click()
    expect(notice(visitor)).to_contain_text("Taught: a copy of CNN has learned from 3 drawings", timeout=120_000)
    cells = page.locator(".lesson td").all_inner_texts()
    assert cells[1] == "3 of 3"
    before, after = (float(cell.rstrip("%")) for cell in cells[2:])
    assert before > 99.5
    assert after > before - 0.3
    assert options(visitor) == shipped  # not yet kept

    page.reload()  # the undecided network is found again
    page.wait_for_function("localStorage.getItem('digits-visitor') !== null")
    expect(act(visitor, "Keep")).to_be_visible()
    act(visitor, "Keep").click()
    expect(notice(visitor)).to_contain_text("Kept: Mine: CNN, taught 3 drawings")
    expect(act(visitor, "Keep")).to_be_hidden()
    expect(page.get_by_label("Network that reads")).to_have_value(re.compile("Mine: CNN, taught 3 drawings"))
    expect(tiles(visitor).locator(".words")).to_have_text(["0, read 0", "8, read 8", "1, read 1"])
    page.get_by_role("button", name="Put this 8 on the pad").click()
    expect(page.locator(".answer")).to_have_text("8")
    visitor.choose("Network that reads", "Large CNN, shipped")
    expect(page.locator(".answer")).to_have_text("4")  # the shipped network is as it was

    other = visit()
    open_drawings(other)
    expect(tiles(other)).to_have_count(0)
    assert options(other) == shipped


def test_a_second_thought_changes_the_label_and_a_drawing_can_be_deleted(visit):
    visitor = visit()
    correct(visitor, DIGITS[7], 1)
    visitor.page.get_by_role("button", name="It was a 7").click()
    expect(tiles(visitor).locator("b")).to_have_text("7")
    visitor.page.reload()
    open_drawings(visitor)
    expect(tiles(visitor).locator("b")).to_have_text("7")
    correct(visitor, DIGITS[3], 3)
    visitor.page.get_by_role("button", name="Delete this 7").click()
    expect(tiles(visitor).locator("b")).to_have_text("3")


def test_stop_and_discard_leave_every_network_as_it_was(visit):
    visitor = visit()
    correct(visitor, DIGITS[2], 2)
    shipped = options(visitor)
    act(visitor, "Teach it").click()
    act(visitor, "Stop teaching").click()
    expect(notice(visitor)).to_contain_text("Stopped", timeout=60_000)
    expect(act(visitor, "Keep")).to_be_hidden()
    act(visitor, "Teach it").click()
    act(visitor, "Discard").click(timeout=200_000)
    expect(notice(visitor)).to_have_text("Discarded; every network is as it was.")
    assert options(visitor) == shipped


def test_a_picture_has_no_correction(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="Random test digit").click()
    expect(visitor.page.locator(".sentence")).to_contain_text("labelled")
    expect(visitor.page.locator(".correction")).to_be_hidden()


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
        ("a.jsonl.gz", gzip.compress(LINE.encode())[:40], "cannot be unpacked"),
        ("a.jsonl.gz", gzip.compress(b" " * 21_000_000), "more than 20 MB"),
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
    expect(tiles(visitor).locator(".words")).to_have_text([f"{digit}, read {digit}" for digit in range(10)])
    visitor.page.evaluate("""() => {
        for (let text = '', n = 2 ** 23; n >= 1; n /= 2) {
            try { localStorage.setItem('full', text + 'x'.repeat(n)); text += 'x'.repeat(n); } catch { /* too much */ }
        }
    }""")
    visitor.draw(DIGITS[5])
    visitor.page.get_by_role("button", name="It was a 5").click()
    expect(visitor.page.locator(".correction p")).to_contain_text("no room for more drawings")
    expect(tiles(visitor)).to_have_count(10)


def test_rubbish_in_the_storage_is_no_drawing(visit):
    visitor = visit()
    rubbish = {"writer": "x", "drawings": [3, None, {"label": 3}, {"label": 1, "strokes": [[["<b>", 2]]]}]}
    visitor.page.evaluate("(text) => localStorage.setItem('digits-drawings', text)", json.dumps(rubbish))
    visitor.page.reload()
    open_drawings(visitor)
    expect(tiles(visitor)).to_have_count(0)
    correct(visitor, DIGITS[6], 6)
    expect(tiles(visitor)).to_have_count(1)


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
def test_what_a_visitor_sends_is_not_trusted(visit, payload, words):
    visitor = visit()
    components = visitor.page.request.get(f"{visitor.address}config").json()["components"]
    component = next(each["id"] for each in components if each["props"].get("elem_id") == "drawings")
    request = {"session_hash": "x", "component_id": component, "fn_name": "read_drawings", "data": payload}
    answer = visitor.page.request.post(f"{visitor.address}gradio_api/component_server", data=request)
    assert answer.status == 200
    assert words in answer.json()["error"]
