"""What the page asks its functions, answered at Gradio's own address for it by a shorter way.

Gradio's route has FastAPI go through its dependencies, take a thread for the login, and look at every value of the
answer (LOG.md says what that costs). Where others serve the page (reload mode, an app that mounts it),
Gradio's route answers the same questions.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
import gradio as gr
from fastapi.routing import APIRoute
from gradio.routes import ORJSONResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ADDRESS = "/gradio_api/component_server"


def answer_questions(demo: gr.Blocks) -> None:
    """From now on, the running page's questions go the shorter way."""
    demo.app.router.routes.insert(0, Route(ADDRESS, make_answer(demo), methods=["POST"]))


def make_answer(demo: gr.Blocks) -> Callable[[Request], Awaitable[Response]]:
    functions, check_login = functions_of(demo), find_login_check(demo.app)

    async def answer(request: Request) -> Response:
        """{"component_id", "fn_name", "data"} -> what that function says to the data."""
        await check_login(request)
        question = await request.json()
        function = functions[question["component_id"], question["fn_name"]]
        if inspect.iscoroutinefunction(function):
            return ORJSONResponse(await function(question["data"]))
        return ORJSONResponse(await anyio.to_thread.run_sync(function, question["data"], limiter=demo.limiter))

    return answer


def functions_of(demo: gr.Blocks) -> dict[tuple[int, str], Callable[[Any], Any]]:
    """Those of every part, by the part's number and their name."""
    parts = (block for block in demo.blocks.values() if isinstance(block, gr.HTML))
    return {(part._id, function.__name__): function for part in parts for function in part.server_fns}


def find_login_check(app: Any) -> Callable[[Request], Awaitable[None]]:
    """Gradio's own check, which raises an HTTPException for who has not logged in."""
    routes = (route for route in app.routes if isinstance(route, APIRoute))
    checks = (found for route in routes for found in route.dependant.dependencies)
    check = next(found for found in checks if getattr(found.call, "__name__", "") == "login_check")
    refuse, find_user = check.call, check.dependencies[0].call
    assert refuse is not None and find_user is not None

    async def check_login(request: Request) -> None:
        if app.auth or app.auth_dependency:  # else looking for a cookie would be 6 % of a reading
            refuse(await find_user(request))

    return check_login
