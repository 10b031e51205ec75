"""Proxies of the environment must not keep a local app from starting."""

import os
from urllib.request import getproxies

import httpx

HERE = ("127.0.0.1", "localhost", "::1")
NAMES = ("http_proxy", "https_proxy", "all_proxy")


def keep_usable_proxies() -> None:
    """Gradio makes httpx clients, one as it is imported, and a proxy that httpx cannot use (SOCKS without its package)
    would be a traceback: it is left aside, and a line says so. What is on this computer is asked without any.
    """
    proxies = getproxies()  # on Windows and a Mac also those of the system's settings
    if not proxies:
        return
    for scheme, address in proxies.items():
        os.environ.setdefault(f"{scheme}_proxy", address)  # else the first no_proxy would hide those of the system
    for name in [name for name in os.environ if name.lower() in NAMES]:
        address = os.environ[name]
        try:
            httpx.Client(proxy=address if "://" in address else f"http://{address}", trust_env=False).close()
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            print(f"The proxy of {name} is left aside: {str(error).split('. ')[0].rstrip('.')}.")
            del os.environ[name]
    ask_directly(*HERE)


def ask_directly(*hosts: str) -> None:
    """Ask these hosts without a proxy."""
    known = [name for name in getproxies().get("no", "").split(",") if name]
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(dict.fromkeys([*known, *hosts]))
