"""A page of another site cannot start work here; the page itself, programs and proxies can."""

import json
import urllib.error
import urllib.request

import pytest
from starlette.datastructures import Headers

from digits.ui.refuse_other_sites import is_foreign


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"host": "digits.org"}, False),  # a program
        ({"host": "digits.org", "origin": "https://digits.org", "sec-fetch-site": "same-origin"}, False),
        ({"host": "digits.org", "origin": "https://evil.org", "sec-fetch-site": "cross-site"}, True),
        ({"host": "10.0.0.2:7860", "origin": "http://10.0.0.2:7860"}, False),  # no https, so no Sec-Fetch-Site
        ({"host": "10.0.0.2:7860", "origin": "http://evil.org"}, True),
        ({"host": "10.0.0.2:7860", "origin": "null"}, True),  # a file, or a frame in a sandbox
        ({"host": "127.0.0.1:7860", "origin": "http://digits.org", "x-forwarded-for": "10.0.0.9"}, False),
        ({"host": "127.0.0.1:7860", "sec-fetch-site": "cross-site", "x-forwarded-for": "10.0.0.9"}, True),
    ],
)
def test_browsers_say_who_asks(headers, foreign):
    assert is_foreign(Headers(headers)) == foreign


def test_another_sites_page_cannot_start_work(app):
    body = json.dumps({"data": []}).encode()

    def ask(**headers: str) -> int:
        request = urllib.request.Request(
            app + "gradio_api/call/networks", body, {"content-type": "text/plain"} | headers
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert ask(origin="http://evil.org") == 403
    assert ask(origin=app.rstrip("/")) != 403
    assert ask() != 403
    request = urllib.request.Request(app, headers={"sec-fetch-site": "cross-site"})  # a link to the page
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
