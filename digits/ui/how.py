"""How it works: the seven steps of the text, each on a copy of the network in use and on the visitor's drawing."""

import gradio as gr

from digits.reading.atlas import WHOLE, Atlases
from digits.ui.lesson import collect, define, graph, loss, modes, predict, step
from digits.ui.page_state import Page
from digits.ui.parts import part
from digits.ui.requests import FRAME

EXAMPLE = 2  # this test digit is a 1


def how_tab(page: Page) -> gr.HTML:
    atlases = Atlases()
    functions = [
        collect.look_at_data(page),
        collect.prepare_digit(page),
        define.look_at_model(page),
        graph.look_at_graph(page),
        loss.look_at_loss(page),
        step.take_step(page),
        modes.look_at_modes(page),
        modes.look_at_scores(page),
        predict.look_at_map(page, atlases),
        predict.place_on_map(page, atlases),
        predict.show_test_digit(page),
    ]
    return part(
        "how",
        functions,
        example=EXAMPLE,
        unit=FRAME,
        rate=graph.RATE,
        seeds=collect.SEEDS,
        widths=define.WIDTHS,
        activations=list(define.ACTIVATIONS),
        turns=graph.MOST_TURNS,
        rates=loss.RATES,
        batch=loss.BATCH,
        batches=loss.BATCHES,
        sizes=step.SIZES,
        mostSteps=step.MOST_STEPS,
        stepRates=step.RATES,
        each=modes.EACH,
        whole=WHOLE,
    )
