"""Where the page can be reached: the host and port to listen at."""

import socket
import sys
from typing import Any

from digits.errors import DigitsError

EVERYWHERE = ("0.0.0.0", "::")


def parse_host(host: str) -> str:
    """An address or name as it is typed, IPv6 with or without brackets -> without."""
    host = host.strip()
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def show_host(host: str) -> str:
    """As it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def check_address(host: str, port: int) -> None:
    """Raises DigitsError where the app cannot listen."""
    try:
        if not 1 <= port <= 65_535:
            raise OverflowError("ports are 1 to 65535")
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        _bind(family, address)
        if host not in EVERYWHERE:
            _bind(socket.AF_INET, ("127.0.0.1", port))  # Gradio wants it free too, whatever the host
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DigitsError(
            f"The app cannot listen at {host} port {port} ({reason}); close what uses it, or choose another --port."
        ) from None


def _bind(family: int, address: tuple[Any, ...]) -> None:
    with socket.socket(family) as probe:
        if sys.platform == "win32":  # there SO_REUSEADDR would take a port from whoever has it
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def address_in_this_network(version: int = 4) -> str:
    """The address of the interface that packets would leave by, of IPv4 or IPv6; nothing is sent."""
    family, far = (socket.AF_INET6, "2001:db8::1") if version == 6 else (socket.AF_INET, "10.255.255.255")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 1))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
