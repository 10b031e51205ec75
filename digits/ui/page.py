"""The whole page: build_ui() makes it, launch() serves it."""

import secrets
import socket
import threading
from html import escape
from pathlib import Path

import gradio as gr
from gradio.utils import get_space

from digits.data.mnist import load_mnist
from digits.device import select_device
from digits.errors import DigitsError
from digits.jobs import JobQueue
from digits.ui.draw_tab import draw_tab
from digits.ui.drawings import connect
from digits.ui.evaluate_tab import evaluate_tab
from digits.ui.networks import Networks
from digits.ui.train_tab import train_tab

LARGEST_REQUEST = 4_000_000  # bytes of JSON; the pad's largest picture is under it
LARGEST_UPLOAD = "20mb"


def build_ui(device: str = "auto") -> gr.Blocks:
    """The page as Gradio blocks, with a job queue of its own. Raises DigitsError for a device that is not here."""
    select_device(device)
    jobs = JobQueue()
    networks = Networks(jobs, device)
    with gr.Blocks(title="Digits", analytics_enabled=False, delete_cache=(3_600, 3_600)) as demo:
        # Whoever holds a visitor's id sees that visitor's trainings: 128 random bits, kept in the visitor's browser.
        visitor = gr.BrowserState("", storage_key="digits-visitor", secret="digits")
        gr.Markdown(
            "# Digits\nDraw a digit, and a neural network reads it. Then train that very network.", elem_classes="title"
        )
        with gr.Tabs():
            with gr.Tab("Draw", id="draw"):
                draw_networks, drawings = draw_tab(networks)
            train_place = gr.Tab("Train", id="train", render_children=True)
            with gr.Tab("Evaluate", id="evaluate", render_children=True):
                evaluate_network = evaluate_tab(networks, device)
            pickers = [*draw_networks, evaluate_network]

            def identify(visitor):
                known = visitor if isinstance(visitor, str) and len(visitor) >= 20 else secrets.token_urlsafe(16)
                return known, *(networks.picker(known) for _ in pickers)

            opened = demo.load(
                identify, visitor, [visitor, *pickers], show_progress="hidden", queue=False, api_visibility="private"
            )
            connect(drawings, draw_networks[0], jobs, networks, visitor, pickers, opened, device)
            with train_place:
                train_tab(jobs, networks, visitor, pickers, opened, device)
        share = gr.HTML(elem_id="share")
        demo.load(
            lambda: share_sentence(demo), None, share, show_progress="hidden", queue=False, api_visibility="private"
        )
    demo.queue(max_size=200)
    demo.jobs = jobs
    return demo


def share_sentence(demo: gr.Blocks) -> str:
    """Where this page can be reached by others, as HTML."""
    links = getattr(demo, "reachable_at", [])
    if get_space():
        return "Share this page by its address."
    if not links and getattr(demo, "share_failed", False):
        return "No public link could be made. In the same Wi-Fi: <code>python app.py --host 0.0.0.0</code>"
    if not links:
        return "This page is only on this computer. <code>python app.py --share</code> makes a public link for it."
    shown = ", ".join(f'<a href="{escape(link)}">{escape(link)}</a>' for link in links)
    return f"Share this page: {shown}"


def launch(demo: gr.Blocks, host: str, port: int, share: bool, auth: tuple[str, str] | None) -> None:
    """Serve the page until Ctrl-C. Raises DigitsError where the host or port cannot be had."""
    _check_address(host, port)
    demo.launch(
        server_name=host,
        server_port=port,
        share=share,
        auth=auth,
        prevent_thread_lock=True,
        quiet=True,
        show_error=True,
        theme=_theme(),
        css_paths=[Path(__file__).parent / "style.css"],
        footer_links=["api"],
        run_history=False,  # it would cost 10 to 22 ms at every live event
        ssr_mode=False,
        max_file_size=LARGEST_UPLOAD,
        app_kwargs={"middleware": [(_LimitBody, (), {})]},
    )
    threading.Thread(target=load_mnist, daemon=True).start()  # 2 s that the first test digit need not wait for
    print(f"Digits is at {demo.local_url}  (Ctrl-C ends it)")
    demo.reachable_at = []
    if host == "0.0.0.0" and not get_space():
        demo.reachable_at.append(f"http://{_address_in_this_network()}:{port}/")
        print(f"In the same network: {demo.reachable_at[0]}")
    if share:
        if demo.share_url:
            demo.reachable_at.insert(0, demo.share_url)
            print(f"Public link, for a week while this runs: {demo.share_url}")
        else:
            demo.share_failed = True
            print(
                "No public link could be made: Gradio's share server, or the file frpc that talks to it, could not be\n"
                "reached from here (no internet, a firewall or an antivirus). The app stays up at the address above.\n"
                "Other ways to share it:\n"
                "  same Wi-Fi:         python app.py --host 0.0.0.0   and open the address that it prints\n"
                "  Hugging Face:       push this repository to a new Gradio Space; its README is ready for that\n"
                f"  a server with SSH:  ssh -R 80:localhost:{port} YOUR-SERVER"
            )
    try:
        demo.block_thread()
    finally:
        demo.jobs.close()


def _theme() -> gr.themes.Base:
    fonts = ["system-ui", "sans-serif"]  # already on every device: nothing to load
    theme = gr.themes.Default(
        primary_hue="indigo", radius_size="lg", font=fonts, font_mono=["ui-monospace", "monospace"]
    )
    # WCAG AA wants a contrast of 4.5; Gradio's subdued grey has 2.5 on white, and white on its primary button 4.46.
    return theme.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        error_text_color_dark="#fca5a5",  # red, as in the light theme
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_border_color="*primary_600",
        button_primary_border_color_hover="*primary_700",
    )


def _check_address(host: str, port: int) -> None:
    try:
        if not 1 <= port <= 65_535:
            raise OverflowError("ports are 1 to 65535")
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DigitsError(
            f"The app cannot listen at {host} port {port} ({reason}); close what uses it, or choose another --port."
        ) from None


def _address_in_this_network() -> str:
    """The address of the interface that packets would leave by; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


class _LimitBody:
    """ASGI middleware: a body over LARGEST_REQUEST gets 413 and one sentence. Uploads have Gradio's own limit."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["path"].endswith("/upload"):
            return await self.app(scope, receive, send)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        received, begun = 0, False

        async def limited():
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_REQUEST:
                raise _TooLarge
            return message

        async def noted(message):
            nonlocal begun
            begun = True
            await send(message)

        try:
            if not length.isdigit() or int(length) > LARGEST_REQUEST:
                raise _TooLarge
            await self.app(scope, limited, noted)
        except _TooLarge:
            if begun:
                raise
            body = b'{"detail": "The request is too large; send at most 4 MB."}'
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": body})


class _TooLarge(BaseException):
    """Not an Exception, so that nothing between takes it for a body that cannot be parsed."""
