"""The whole page as Gradio blocks: build_ui()."""

import gradio as gr

from digits.device import select_device
from digits.engines.engine import Engine
from digits.jobs import JobQueue
from digits.runs import KeptRuns
from digits.threads import count_cores
from digits.ui.api import api
from digits.ui.class_tab import class_tab
from digits.ui.classroom import QUEUE, TURN, Classroom
from digits.ui.draw import draw_tab
from digits.ui.evaluate import evaluate_tab
from digits.ui.how import how_tab
from digits.ui.networks import Networks
from digits.ui.page_state import Page
from digits.ui.parts import style
from digits.ui.shell import shell
from digits.ui.train import train_tab

# Seconds between two of the queue's looks for a program's call, Gradio's own on Windows. Elsewhere it looks a thousand
# times a second, which takes 7 % of a core while nobody does anything. The page does not ask through the queue.
IDLE = 0.05


def build_ui(device: str = "auto") -> gr.Blocks:
    """The page as Gradio blocks, with a job queue of its own. Raises DigitsError for a device that is not here."""
    return build_page(device)[0]


def build_page(
    device: str = "auto",
    runs: KeptRuns | None = None,
    classroom: bool = False,
    engine: Engine | None = None,
    trainings: int | None = None,
) -> tuple[gr.Blocks, Page]:
    """The blocks, and what all of their parts share; with `classroom` for a class. Raises DigitsError for a device that
    is not here.
    """
    kind = select_device(device).type
    if classroom and not engine and kind == "cpu":
        trainings = trainings or count_cores()  # two at once on a thread each serve a class sooner (LOG.md)
    jobs = JobQueue(runs=runs, engine=engine, trainings=trainings)
    if classroom:
        jobs.longest_queue, jobs.turn = QUEUE, TURN
    page = Page(jobs, Networks(jobs, device), device)
    page.classroom = Classroom(jobs, page.networks, runs.folder if runs else None) if classroom else None
    with gr.Blocks(title="Digits", analytics_enabled=False, delete_cache=(3_600, 3_600)) as demo:
        sheets = ("tokens.css", "kit.css", *(["class.css"] if page.classroom else []))
        gr.HTML(style(*sheets), apply_default_css=False, elem_id="style", padding=False)
        shell(page)
        draw_tab(page)
        train_tab(page)
        evaluate_tab(page)
        how_tab(page)
        if page.classroom:
            class_tab(page, page.classroom)
        api(page)
    demo.queue(max_size=200)
    demo._queue.sleep_when_free = IDLE
    return demo, page
