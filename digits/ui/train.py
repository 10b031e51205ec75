"""The tab."""

import gradio as gr

from digits.ui.page_state import Page
from digits.ui.parts import part


def train_tab(page: Page) -> gr.HTML:
    return part("train")
