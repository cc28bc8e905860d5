"""Runs the contract suite inside a real webui, a case at a time, on request of the tests. Never part of the pack."""

import hashlib
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


hints: list[dict] = []  # what ControlNets were given: the size and the bytes of each map


def listen() -> dict:
    """From now on every map that reaches a ControlNet is noted."""
    hints.clear()
    if "scripts.hook" in sys.modules:  # sd-webui-controlnet
        wrap(sys.modules["scripts.hook"].ControlParams, "__init__", lambda args, named: named["hint_cond"])
    for kind in ("ControlNetPatcher", "ControlModelPatcher"):
        found = getattr(sys.modules.get("modules_forge.supported_controlnet"), kind, None)
        if found is not None and "process_before_every_sampling" in vars(found):
            wrap(found, "process_before_every_sampling", lambda args, named: args[2])
    return {}


def wrap(kind: type, name: str, hint) -> None:
    real = getattr(kind, name)
    if hasattr(real, "listening"):
        return

    def noting(*args, **named):
        given = hint(args, named)  # [1, C, H, W], 0..1
        pixels = (given[0].float() * 255).round().byte().movedim(0, -1).cpu().contiguous()
        hints.append({"shape": list(pixels.shape), "sha256": hashlib.sha256(pixels.numpy().tobytes()).hexdigest()})
        return real(*args, **named)

    noting.listening = True
    setattr(kind, name, noting)


def reload_ui() -> dict:
    """What the button Reload UI does."""
    shared.state.request_restart()
    return {}


def routes(demo, app) -> None:
    async def contract(name: str) -> dict:
        return await run_in_threadpool(run, name)

    app.add_api_route("/atelier-contract/{name}", contract, methods=["POST"])
    app.add_api_route("/atelier-hints", listen, methods=["POST"])
    app.add_api_route("/atelier-hints", lambda: hints, methods=["GET"])
    app.add_api_route("/atelier-reload", reload_ui, methods=["POST"])


script_callbacks.on_app_started(routes)
