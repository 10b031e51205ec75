"""A gr.HTML from three files of its own: <name>/<name>.html, .css and .js."""

from pathlib import Path

import gradio as gr


def html_component(name: str, value: object, **options) -> gr.HTML:
    folder = Path(__file__).parent / name
    return gr.HTML(
        value,
        html_template=(folder / f"{name}.html").read_text(),
        css_template=(folder / f"{name}.css").read_text(),
        js_on_load=(folder / f"{name}.js").read_text(),
        apply_default_css=False,
        elem_id=name,
        **options,
    )
