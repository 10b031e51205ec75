"""Step 7, predict: 10,000 test digits as the network sees them, and the drawing among them."""

from digits.data.mnist import load_mnist
from digits.reading.atlas import VIEWS, Atlases
from digits.ui.lesson.turns import Answer, ServerFunction, own_turn, pack_shares, parse_choice
from digits.ui.page_state import Page
from digits.ui.requests import answer_errors, parse_ink

NEIGHBOURS = 6


def look_at_map(page: Page, atlases: Atlases) -> ServerFunction:
    @answer_errors
    def look_at_map(payload: Answer) -> Answer:
        """The {"view"} of the network in use: where each test digit lies, or how far the work has come."""
        view = parse_choice(payload, "view", VIEWS)
        path = page.networks.path(payload.get("network") or "")
        with own_turn():
            atlas = atlases.look(path, view)
            if atlas is None:
                return {"share": atlases.share(path, view)}
            return {
                "places": atlas.packed,
                "labels": "".join(map(str, load_mnist().test_labels.tolist())),
                "wrong": atlas.wrong,
                "size": atlas.size,
            }

    return look_at_map


def place_on_map(page: Page, atlases: Atlases) -> ServerFunction:
    @answer_errors
    def place_on_map(payload: Answer) -> Answer:
        """A digit -> where it lies on the map, once that is there, and its nearest test digits."""
        ink = parse_ink(payload)[None]
        view = parse_choice(payload, "view", VIEWS)
        path = page.networks.path(payload.get("network") or "")
        atlas = atlases.get(path, view)  # no turn: it asks as often as the pen moves, and costs what a reading does
        if atlas is None or not ink.any():
            return {"place": None}
        place, nearest = atlas.place(ink, NEIGHBOURS)
        data = load_mnist()
        reading = page.networks.chosen(payload).read_ink(ink)[0]
        return {
            "place": place,
            "digit": reading.best,
            "share": float(reading.probabilities.max()),
            "ink": pack_shares(ink),
            "neighbours": [
                {
                    "index": index,
                    "label": int(data.test_labels[index]),
                    "ink": pack_shares(data.test_images[index] / 255),
                }
                for index in nearest
            ],
        }

    return place_on_map


def show_test_digit(page: Page) -> ServerFunction:
    @answer_errors
    def show_test_digit(payload: Answer) -> Answer:
        """A test digit's {"index"} -> its picture."""
        return {"ink": pack_shares(parse_ink({"index": payload.get("index")}))}

    return show_test_digit
