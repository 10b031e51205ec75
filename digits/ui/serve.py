"""Serving the page: launch()."""

import socket
import threading

from gradio.utils import get_space

from digits.data.mnist import load_mnist
from digits.errors import DigitsError
from digits.ui.client import KnowClient, trust_proxies
from digits.ui.limit_body import LimitBody
from digits.ui.page import build_page
from digits.ui.parts import serve_modules

LARGEST_UPLOAD = "20mb"
NO_LINK = """No public link could be made: Gradio's share server, or the file frpc that talks to it, could not be
reached from here (no internet, a firewall or an antivirus). The app stays up at the address above.
Other ways to share it:
  same Wi-Fi:         python app.py --host 0.0.0.0   and open the address that it prints
  Hugging Face:       push this repository to a new Gradio Space; its README is ready for that
  a server with SSH:  ssh -R 80:localhost:{port} YOUR-SERVER"""


def launch(device: str, host: str, port: int, share: bool, auth: tuple[str, str] | None) -> None:
    """Serve the page until Ctrl-C. Raises DigitsError where the device, the host or the port cannot be had."""
    check_address(host, port)
    demo, page = build_page(device)
    trust_proxies()
    demo.launch(
        server_name=host,
        server_port=port,
        share=share,
        auth=auth,
        prevent_thread_lock=True,
        quiet=True,
        show_error=True,
        footer_links=["api"],
        run_history=False,  # it would cost 10 to 22 ms at every live event
        ssr_mode=False,
        max_file_size=LARGEST_UPLOAD,
        app_kwargs={"middleware": [(KnowClient, (), {}), (LimitBody, (), {})], "routes": serve_modules(demo)},
    )
    threading.Thread(target=load_mnist, daemon=True).start()  # 2 s that the first test digit need not wait for
    print(f"Digits is at {demo.local_url}  (Ctrl-C ends it)")
    if host == "0.0.0.0" and not get_space():
        page.addresses.append(f"http://{address_in_this_network()}:{port}/")
        print(f"In the same network: {page.addresses[0]}")
    if share and demo.share_url:
        page.addresses.insert(0, demo.share_url)
        print(f"Public link, for a week while this runs: {demo.share_url}")
    elif share:
        page.share_failed = True
        print(NO_LINK.format(port=port))
    try:
        demo.block_thread()
    finally:
        page.jobs.close()


def check_address(host: str, port: int) -> None:
    """Raises DigitsError where the app cannot listen."""
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


def address_in_this_network() -> str:
    """The address of the interface that packets would leave by; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
