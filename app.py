"""Digits: draw a digit, watch a network read it, train that very network by clicking.

python app.py [--host H] [--port P] [--share] [--auth USER:PASSWORD] [--device auto|cpu|cuda|mps] [--runs DIR] [--mcp]
              [--root-path PATH] [--class] [--trainings N] [--cluster ray://HOST:PORT]
"""

import argparse
import os
import signal
import sys
import threading

from digits.errors import DigitsError
from digits.ui.address import check_address, parse_host
from digits.ui.temporary import make_own_folder


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw digits, train the network that reads them, in one page.")
    # A Space sets GRADIO_SERVER_NAME to 0.0.0.0; everywhere else the page is this computer's alone unless asked.
    parser.add_argument(
        "--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="0.0.0.0: the whole network"
    )
    parser.add_argument("--port", type=int, default=os.environ.get("GRADIO_SERVER_PORT", "7860"))
    parser.add_argument("--share", action="store_true", help="open a public link through Gradio's share server")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask visitors for a login")
    parser.add_argument("--device", default="auto", help="where networks train: auto, cpu, cuda, mps")
    parser.add_argument("--mcp", action="store_true", help="offer what programs can call to language models as tools")
    parser.add_argument(
        "--runs",
        default=os.environ.get("DIGITS_RUNS", ""),
        metavar="DIR",
        help="where trainings are kept, so that they outlast the server; default: your data folder; none: nowhere",
    )
    parser.add_argument(
        "--class",
        dest="classroom",
        action="store_true",
        help="for a class: a board of everybody's networks, and a teacher's page at an address that is printed",
    )
    parser.add_argument("--root-path", default="", help="where a proxy puts the page, such as /digits")
    parser.add_argument(
        "--trainings",
        type=int,
        metavar="N",
        help="how many go on at once; default: one; one a core with --class on a CPU; one a processor on a cluster",
    )
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="train on the machines of a Ray cluster, such as ray://192.0.2.7:10001"
    )
    return parser.parse_args()


def login(auth: str | None) -> tuple[str, str] | None:
    if auth is None:
        return None
    user, colon, password = auth.partition(":")
    if not (user and colon and password):
        raise DigitsError("--auth wants USER:PASSWORD, both not empty, such as --auth class:chalk.")
    return user, password


def main() -> int:
    options = parse()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a container's stop ends it as Ctrl-C does
    try:
        auth, host = login(options.auth), parse_host(options.host)
        check_address(host, options.port)  # before imports that take seconds
        make_own_folder()
        from digits.ui.serve import launch  # imports gradio, which takes seconds, and looks for its folder

        launch(
            options.device,
            host,
            options.port,
            options.share,
            auth,
            mcp_server=options.mcp,
            root_path=options.root_path,
            runs=options.runs,
            classroom=options.classroom,
            trainings=options.trainings,
            cluster=options.cluster,
        )
    except DigitsError as error:
        print(f"digits: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before it was up
        return 130
    return 0


# Gradio's reload mode (`gradio app.py`) runs this file a second time, under the same name, in a thread that watches.
if __name__ == "__main__" and threading.current_thread() is threading.main_thread():
    sys.exit(main())
else:
    from digits.ui.page import build_ui

    demo = build_ui()  # for Spaces and for Gradio's reload mode, which import this file
