"""Serving the page: launch()."""

import contextlib
import gc
import importlib.util
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any
from urllib.request import getproxies

import gradio as gr
import httpx
from gradio.tunneling import CURRENT_TUNNELS
from gradio.utils import get_space

from digits.data.mnist import load_mnist
from digits.engines.cluster import Cluster
from digits.engines.engine import Engine
from digits.errors import DigitsError
from digits.runs import KeptRuns, default_folder
from digits.ui.address import (
    EVERYWHERE,
    address_in_this_network,
    show_host,
)
from digits.ui.classroom import THREADS, WORK
from digits.ui.client import KnowClient, trust_proxies, work
from digits.ui.limit_body import LimitBody
from digits.ui.log import write_log_in_thread
from digits.ui.page import build_page
from digits.ui.page_state import Page
from digits.ui.parts import preload, serve_modules
from digits.ui.proxies import ask_directly
from digits.ui.questions import answer_questions
from digits.ui.refuse_garbage import RefuseGarbage, quiet_queue
from digits.ui.refuse_other_sites import RefuseOtherSites
from digits.ui.temporary import remove_own_folder

LARGEST_UPLOAD = "20mb"
MIDDLEWARE = (RefuseOtherSites, KnowClient, RefuseGarbage, LimitBody)  # the first is the outermost
MOST_TRAININGS = 256  # at once; each is followed by a thread here
PATIENCE = 3  # seconds for a training to stop by itself: its updates are two apart at most
NO_LINK = """No public link could be made: Gradio's share server, or the file frpc that talks to it, could not be
reached from here (no internet, a firewall or an antivirus). The app stays up at the address above.
Other ways to share it:
  same Wi-Fi:         python app.py --host 0.0.0.0   and open the address that it prints
  Hugging Face:       upload this repository to a Gradio Space; docs/deploy.md says how
  a server with SSH:  ssh -R 8080:localhost:{port} YOUR-SERVER   (its sshd needs GatewayPorts yes)"""


def launch(
    device: str,
    host: str,
    port: int,
    share: bool,
    auth: tuple[str, str] | None,
    runs: str = "none",
    classroom: bool = False,
    trainings: int | None = None,
    cluster: str | None = None,
    **options: Any,
) -> None:
    """Serve the page until Ctrl-C, and end the process then; for a class, print its teacher's address. Host and port
    are what `digits.ui.address` let pass; `options` are Gradio's own: mcp_server, root_path. Raises DigitsError where
    the device or what an option needs cannot be had.
    """
    if options.get("mcp_server") and importlib.util.find_spec("mcp") is None:
        raise DigitsError('--mcp needs a package more: pip install "gradio[mcp]".')
    if any(getproxies().values()):
        ask_directly(host)
    trust_proxies()
    quiet_queue()
    engine = open_engine(trainings, cluster)
    demo, page = build_page(device, open_runs(runs), classroom, engine, trainings)
    if classroom:
        work.open_to_a_class(WORK)
        options |= {"max_threads": THREADS}  # thirty pupils who press at once each hold one
    serve(demo, host, port, share, auth, head=preload(classroom), **options)
    write_log_in_thread()
    answer_questions(demo)
    threading.Thread(target=load_mnist, daemon=True).start()  # 2 s that the first test digit need not wait for
    gc.collect()
    gc.freeze()  # what Gradio and torch have made stays; to look through it again stopped everybody for 0.2 s each time
    with contextlib.suppress(KeyboardInterrupt):
        announce(demo, page, host, port, share)
        while demo.is_running:
            time.sleep(1)
    end(demo, page)


def open_engine(trainings: int | None, cluster: str | None) -> Engine | None:
    """What works on trainings, None for this process. Raises DigitsError for a cluster that cannot be used."""
    if trainings is not None and not 1 <= trainings <= MOST_TRAININGS:
        raise DigitsError(f"--trainings is {trainings}; wanted a whole number from 1 to {MOST_TRAININGS}.")
    return Cluster(cluster, trainings) if cluster is not None else None


def open_runs(runs: str) -> KeptRuns | None:
    """ "none", a folder, or "" for the user's data folder -> where trainings are kept. Where the folder that was asked
    for cannot be used this raises DigitsError; where the default one cannot, a line says that nothing is kept.
    """
    if runs == "none":
        return None
    try:
        return KeptRuns(Path(runs) if runs else default_folder())
    except DigitsError as error:
        if runs:
            raise
        say(f"{error} Trainings end with the server; --runs DIR names another folder.")
        return None


def serve(demo: gr.Blocks, host: str, port: int, share: bool, auth: tuple[str, str] | None, **options: Any) -> None:
    """Start the server's thread. Raises DigitsError where Gradio cannot reach it."""
    try:
        demo.launch(
            server_name=show_host(host),
            server_port=port,
            share=share,
            auth=auth,
            prevent_thread_lock=True,
            quiet=True,
            show_error=True,
            footer_links=["api"],
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),  # no font is loaded
            run_history=False,  # it would cost 10 to 22 ms at every live event
            ssr_mode=False,
            **options,
            max_file_size=LARGEST_UPLOAD,
            app_kwargs={"middleware": [(layer, (), {}) for layer in MIDDLEWARE], "routes": serve_modules(demo)},
        )
    except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DigitsError(
            f"The app does not answer at {host} port {port} ({reason}); choose another --host or --port."
        ) from None


def say(line: str) -> None:
    """Print it, where anybody still reads."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def announce(demo: gr.Blocks, page: Page, host: str, port: int, share: bool) -> None:
    """Print where the page is, and tell it where others find it."""
    say(f"Digits is at {demo.local_url}  (Ctrl-C ends it)")
    if demo.mcp_server:
        say(f"Its tools for language models (MCP): {demo.local_url}gradio_api/mcp/")
    if host in EVERYWHERE and not get_space():
        there = address_in_this_network(6 if host == "::" else 4)
        page.addresses.append(f"http://{show_host(there)}:{port}/")
        say(f"In the same network: {page.addresses[0]}")
    if share and demo.share_url:
        page.addresses.insert(0, demo.share_url)
        say(f"Public link, for a week while this runs: {demo.share_url}")
    elif share:
        page.share_failed = True
        say(NO_LINK.format(port=port))
    if page.classroom:
        say(f"The teacher's page: {demo.local_url}?teacher={page.classroom.token}")


def end(demo: gr.Blocks, page: Page) -> None:
    """End the process within seconds: a container's engine kills it after ten. Streams to pages that are still open,
    and a training in the middle of a long step, are not waited for.
    """
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    threading.Thread(target=say, args=("Digits ends.",), daemon=True).start()  # a terminal may be held
    if demo.server:
        demo.server.should_exit = True  # its thread closes what is not in use
    for tunnel in CURRENT_TUNNELS:
        tunnel.kill()  # type: ignore[no-untyped-call]  # Gradio has no types here
    page.jobs.close(PATIENCE)
    remove_own_folder()
    os._exit(0)  # threads that compute in C++ would end an ordinary exit with an abort
