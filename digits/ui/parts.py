"""A part of the page: a gr.HTML with the template, CSS and ES module of web/<name>/. How modules are served."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parent / "web"
# A module's address holds a hash of all of them, so that no browser mixes an old one with a new one.
VERSION = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(WEB.rglob("*.*")))).hexdigest()[:12]

# js_on_load is the body of a function: it cannot hold a static import, but it can hold this one. Until the script is
# there, nothing in the part can be pressed: what nobody listens to would be lost.
LOAD = """element.inert = true;
import(new URL({address}, document.baseURI)).then(
  (module) => module.mount({{ element, props, upload, part: {part} }}),
  () => {{ element.textContent = 'A script of this page did not load. Reload the page.'; }},
).finally(() => {{ element.inert = false; }})"""


def part(name: str, functions: Sequence[Callable[..., Any]] = (), **constants: object) -> gr.HTML:
    """The part that web/<name>/ makes. `functions` are those that it may call on the server; `constants` reach it as
    `props.constants`, so that no number is stated in both languages.
    """
    folder = WEB / name
    html = gr.HTML(
        {},
        html_template=_read(folder / f"{name}.html"),
        css_template="\n".join(map(_read, _style_sheets(folder))),
        apply_default_css=False,
        elem_id=name,
        server_functions=list(functions),
        constants=constants,
    )
    html.js_on_load = LOAD.format(address=json.dumps(_file_address(name)), part=html._id)
    return html


def style(*names: str) -> str:
    """Style sheets of web/ for the whole page, as one <style>: it is there before the first paint, in every mode."""
    return "<style>" + "\n".join(_read(WEB / name) for name in names) + "</style>"


def serve_modules(demo: gr.Blocks) -> list[Mount]:
    """The routes that serve web/, at addresses that do not show where the server keeps its files; the parts of `demo`
    load from them. Without this (Gradio's reload mode, an app that mounts `demo`) they load by Gradio's own route.
    """
    for block in demo.blocks.values():
        if isinstance(block, gr.HTML) and (WEB / str(block.elem_id)).is_dir():
            name = block.elem_id
            block.js_on_load = LOAD.format(address=json.dumps(f"web/{VERSION}/{name}/{name}.js"), part=block._id)
    return [Mount(f"/web/{VERSION}", _Modules(directory=WEB))]


def preload(classroom: bool = False) -> str:
    """Tags for the page's head: the browser fetches the modules of what is seen first beside Gradio's own script, not
    one after the other once that has run. The others would only be in their way. For a class, before all of that, what
    takes the teacher's token out of the address.
    """
    first = f"<script>{_read(WEB / 'class' / 'token.js')}</script>" if classroom else ""
    paths = [path for name in ("lib", "shell", "draw") for path in sorted((WEB / name).glob("*.js"))]
    addresses = [f"web/{VERSION}/{path.relative_to(WEB).as_posix()}" for path in paths]
    links = "".join(f'<link rel="modulepreload" href="{address}">' for address in addresses)
    return first + links + '<meta name="darkreader-lock">'  # the page has a dark look of its own


class _Modules(StaticFiles):
    def get_path(self, scope: Scope) -> str:
        """With --root-path behind a proxy that takes the path off, Starlette's own looks for the whole address."""
        return os.path.normpath(scope["path"].rpartition(f"/web/{VERSION}/")[2])


def _style_sheets(folder: Path) -> list[Path]:
    """Its own last: it lays the others out, and adapts them to small screens."""
    return sorted(folder.glob("*.css"), key=lambda path: (path.stem == folder.name, path.name))


def _file_address(name: str) -> str:
    gr.set_static_paths([WEB])
    return f"gradio_api/file={(WEB / name / name).as_posix()}.js"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
