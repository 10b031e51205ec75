"""The Draw tab: the pad, and the choice of the network that reads it."""

import gradio as gr

from digits.errors import DigitsError
from digits.ink.opening import open_image
from digits.ui.drawings import my_drawings
from digits.ui.networks import DEFAULT, Networks, picker
from digits.ui.pad import pad


def draw_tab(networks: Networks) -> tuple[list[gr.Dropdown], gr.HTML]:
    """Build the tab -> its network pickers, the reading one first, and the visitor's drawings, yet to be connected."""
    drawing_pad = pad(networks)
    with gr.Row(elem_classes="controls draw-controls"):
        network = picker("Network that reads")
        compare = gr.Checkbox(label="Compare with a second network", min_width=260)
        second = picker("Second network", value="mlp", visible=False)
    chosen = [network, compare, second]
    quick = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    compare.change(lambda on: gr.Dropdown(visible=on), compare, second, **quick)
    gr.on(
        [each.change for each in chosen],
        lambda network, compare, second: {"network": network, "second": second if compare else None},
        chosen,
        drawing_pad,
        **quick,
    )
    drawings = my_drawings(networks)
    _programs(networks)
    return [network, second], drawings


def _programs(networks: Networks) -> None:
    """/read_strokes and /read_image, for programs (gradio_client). The pad itself has faster ways."""

    def answer(read) -> dict:
        try:
            reading = read()
        except DigitsError as error:
            raise gr.Error(str(error), print_exception=False) from None
        probabilities = [float(probability) for probability in reading.probabilities]
        return {"digit": reading.digit, "probabilities": probabilities, "digit_score": reading.digit_score}

    def read_strokes(strokes: list[list[list[float]]], network: str = DEFAULT) -> dict:
        """Read one digit from strokes [[[x, y], ...], ...], y down, any unit."""
        return answer(lambda: networks.get(network).read_strokes(strokes))

    def read_image(image: str, network: str) -> dict:
        return answer(lambda: networks.get(network).read_image(open_image(image)))

    gr.api(read_strokes, api_name="read_strokes")
    picture = gr.File(visible=False, type="filepath", label="image")
    key = gr.Textbox(DEFAULT, visible=False, label="network")
    picture.upload(read_image, [picture, key], gr.JSON(visible=False), api_name="read_image")
