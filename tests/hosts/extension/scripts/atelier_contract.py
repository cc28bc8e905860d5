"""Runs the contract suite inside a real webui, a case at a time, on request of the tests. Never part of the pack."""

import sys
import traceback
from pathlib import Path

from atelier_core import hosts
from fastapi.concurrency import run_in_threadpool
from modules import script_callbacks, shared

sys.path.insert(0, str(Path(__file__).parents[1]))
import atelier_contract_studio as studio  # noqa: E402 - found on the path of the line before
import atelier_contract_suite as suite  # noqa: E402


class Probe:
    def denoiser(self):
        model = shared.sd_model
        objects = getattr(model, "forge_objects", None)
        return objects.unet.model.diffusion_model if objects else model.model.diffusion_model

    def options(self):
        return dict(shared.opts.data)


def run(name: str) -> dict:
    case = next(case for case in [*suite.CASES, *studio.CASES, *suite.WITH_CONTROL_MODEL] if case.__name__ == name)
    try:
        case(hosts.current(), Probe())
    except BaseException:  # noqa: BLE001 - whatever a case raises is its answer
        return {"failed": traceback.format_exc()}
    return {"failed": ""}


def reload_ui() -> dict:
    """What the button Reload UI does."""
    shared.state.request_restart()
    return {}


def routes(demo, app) -> None:
    async def contract(name: str) -> dict:
        return await run_in_threadpool(run, name)

    app.add_api_route("/atelier-contract/{name}", contract, methods=["POST"])
    app.add_api_route("/atelier-reload", reload_ui, methods=["POST"])


script_callbacks.on_app_started(routes)
