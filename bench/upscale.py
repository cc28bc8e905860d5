"""How fast, how exact and how large the upscaler is, beside the webui's own tiles and RealESRGANer's.

    python bench/upscale.py [--rounds N]

Same random weights (RRDBNet, 6 blocks, 4×), same picture (384²), float32 unless said otherwise, turn by turn in one
run. Errors are against the picture in one piece. The webui gives the network blue for red, so it is given red for blue.
ATELIER_A1111 names a webui checkout; `realesrgan` is found where Python finds it, or at ATELIER_REALESRGAN, its folder.
Memory is measured in a process of its own for each, on a picture of 1024² with a network so small that pictures count.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "extensions/atelier-core"), str(ROOT / "extensions/upscaler"), str(ROOT / "tests/support")]

import spandrel  # noqa: E402
import torch  # noqa: E402
import webui_grid  # noqa: E402
from atelier_core.geometry import Extent  # noqa: E402
from atelier_upscaler.engine import upscale  # noqa: E402
from atelier_upscaler.enlarge import Choices, enlarge  # noqa: E402
from atelier_upscaler.halos import Halos  # noqa: E402
from atelier_upscaler.networks import Network, from_state  # noqa: E402
from atelier_upscaler.targets import by_factor  # noqa: E402
from PIL import Image  # noqa: E402
from shiftnet import picture, random_weights, rrdb, shifting_weights, srvgg  # noqa: E402

TILE, OVERLAP, PAD = 192, 8, 10  # the webui's defaults; RealESRGANer's usual pad
Way = Callable[[np.ndarray], np.ndarray]  # [H, W, 3] uint8 -> four times as large


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--memory", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.memory:
        print(_peak(chosen.memory))
        return
    times, errors, halo = _race(chosen.rounds)
    memory = {name: _memory(name) for name in ("ours", "webui", "RealESRGANer") if name in times}
    _exactness()
    _borders()
    _table(times, errors, memory, halo)
    print(
        f"upscale: vs_host={_ratio(times, 'webui')} vs_realesrganer={_ratio(times, 'RealESRGANer')} "
        f"mb_per_mp={memory['ours']:.1f}"
    )


def _race(rounds: int) -> tuple[dict[str, list[float]], dict[str, str], str]:
    module = random_weights(rrdb(6, features=64))
    network = from_state(module.state_dict(), "RRDB-6B", digest="RRDB-6B")
    source = (picture(384, 384) * 255).astype(np.uint8)
    halos = Halos()
    started = time.perf_counter()
    halo = f"{halos.of(network)} px, measured once per model in {time.perf_counter() - started:.1f} s"
    ways = _ways(network, module, halos)
    times: dict[str, list[float]] = {name: [] for name in ways}
    made: dict[str, np.ndarray] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            made[name] = way(source)
            times[name].append(time.perf_counter() - started)
    whole = _whole(network, source)
    errors = {name: _error(result, _bytes(whole)) for name, result in made.items()}
    return times, errors, halo


def _ways(network: Network, module: torch.nn.Module, halos: Halos) -> dict[str, Way]:
    ways = {"ours": _ours(network, halos), "ours, bf16": _ours(network, halos, Choices(precision="bf16"))}
    if webui := _webui(module):
        ways["webui"] = webui
    if peer := _realesrganer(module):
        ways["RealESRGANer"] = peer
    return ways


def _ours(network: Network, halos: Halos, choices: Choices = Choices()) -> Way:  # noqa: B008
    def way(source: np.ndarray) -> np.ndarray:
        target = by_factor(Extent(source.shape[1], source.shape[0]), 4)
        return enlarge(source, target, network, choices, halos=halos).pixels

    return way


def _webui(module: torch.nn.Module, tile: int = TILE) -> Way | None:
    folder = webui_grid.checkout()
    if folder is None:
        return None
    upscale = webui_grid.upscale_with_model(folder)
    model = spandrel.ModelLoader(device="cpu").load_from_state_dict(module.state_dict()).eval()

    def way(source: np.ndarray) -> np.ndarray:
        swapped = Image.fromarray(source[..., ::-1].copy())
        return np.asarray(upscale(model, swapped, tile_size=tile, tile_overlap=OVERLAP))[..., ::-1]

    return way


def _realesrganer(module: torch.nn.Module) -> Way | None:
    file = _realesrgan_file()
    if file is None:
        return None
    found = importlib.util.spec_from_file_location("realesrgan_utils", file)
    assert found and found.loader
    stub = ModuleType("basicsr.utils.download_util")
    stub.load_file_from_url = None  # type: ignore[attr-defined]
    sys.modules.update({"basicsr": ModuleType("basicsr"), "basicsr.utils": ModuleType("basicsr.utils")})
    sys.modules[stub.__name__] = stub
    peer: Any = importlib.util.module_from_spec(found)
    found.loader.exec_module(peer)
    with tempfile.TemporaryDirectory() as folder:
        weights = f"{folder}/weights.pth"
        torch.save({"params": module.state_dict()}, weights)
        model = spandrel.ModelLoader(device="cpu").load_from_state_dict(module.state_dict()).model
        runner = peer.RealESRGANer(4, weights, model=model, tile=TILE, tile_pad=PAD, pre_pad=0)

    def way(source: np.ndarray) -> np.ndarray:
        with redirect_stdout(StringIO()):
            return runner.enhance(source[..., ::-1])[0][..., ::-1]

    return way


def _realesrgan_file() -> Path | None:
    if folder := os.environ.get("ATELIER_REALESRGAN"):
        return Path(folder) / "utils.py"
    found = importlib.util.find_spec("realesrgan")
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "utils.py" if places else None


def _whole(network: Network, source: np.ndarray) -> np.ndarray:
    """In one piece. # [H, W, 3], 0..1"""
    with torch.inference_mode():
        x = torch.from_numpy(source.copy()).unsqueeze(0).permute(0, 3, 1, 2).float() / 255
        return network.forward(network.module, x)[0].permute(1, 2, 0).clamp(0, 1).numpy()


def _bytes(values: np.ndarray) -> np.ndarray:
    return (values * 255 + 0.5).astype(np.uint8)


def _error(result: np.ndarray, whole: np.ndarray) -> str:
    off = np.abs(result.astype(int) - whole)
    return f"{off.max():3d} {100 * (off.max(2) > 1).mean():6.2f} %"


def _exactness() -> None:
    """Tiles of 64 against one piece, on networks that move the picture by a pixel in every layer."""
    print(f"{'shift net':12}{'size':>9}  exact mode: float, 8 bits        fast, halo 16     webui, 64 with 8")
    made = {f"rrdb{n}": rrdb(n) for n in (1, 2, 6)} | {f"srvgg{n}": srvgg(n) for n in (16, 32)}
    for name, module in made.items():
        net = from_state(shifting_weights(module).state_dict(), name)
        webui = _webui(module, tile=64)
        for width, height in ((131, 97), (65, 127), (63, 64)):
            source = _bytes(picture(width, height))
            whole = _whole(net, source)
            exact = upscale(net, source.astype(np.float32) / 255, mode="exact", side=64).pixels
            fast = upscale(net, source, halo=16, side=64).pixels
            theirs = _error(webui(source), _bytes(whole)) if webui else "n/a"
            print(
                f"{name:12}{width:5}×{height:3}{np.abs(exact - whole).max():12.1e}"
                f"{_error(_bytes(exact), _bytes(whole)):>20}{_error(fast, _bytes(whole)):>19}{theirs:>21}"
            )


def _borders() -> None:
    """White pictures through a network that changes nothing: where do they come out darker?"""
    identity = srvgg(1, features=8)
    for weight in identity.parameters():  # what is left adds the enlarged picture itself
        weight.data.zero_()
    net = from_state(identity.state_dict(), "identity", digest="identity")
    ways = {"ours": _ours(net, Halos()), "webui": _webui(identity)}
    for name, way in ways.items():
        white = ((side, np.full((side, side, 3), 255, np.uint8)) for side in range(150, 201))
        dark = [side for side, source in white if way and way(source).min() < 255]
        print(f"white pictures of 150² to 200² with darker borders, {name}: {dark if way else 'n/a'}")


def _memory(name: str) -> float:
    """Megabytes above the loaded program, per megapixel of the result."""
    command = [sys.executable, __file__, "--memory", name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout)


def _peak(name: str) -> float:
    module = random_weights(srvgg(4, features=8))
    network = from_state(module.state_dict(), "small", digest="small")
    ways = {"ours": lambda: _ours(network, Halos()), "webui": lambda: _webui(module)}
    way = ways.get(name, lambda: _realesrganer(module))()
    assert way
    way((picture(260, 260) * 255).astype(np.uint8))  # loads what is loaded late; larger than a tile
    source = (picture(1024, 1024) * 255).astype(np.uint8)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew
    before = _status("VmRSS")
    result = way(source)
    return (_status("VmHWM") - before) / (result.shape[0] * result.shape[1] / 1e6)


def _status(key: str) -> float:
    """Megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def _ratio(times: dict[str, list[float]], peer: str) -> str:
    """The median over the turns, each against its neighbour of the same turn: a drifting machine cancels out."""
    if peer not in times:
        return "n/a"
    return f"{median(b / a for a, b in zip(times['ours'], times[peer], strict=True)):.2f}"


def _table(times: dict[str, list[float]], errors: dict[str, str], memory: dict[str, float], halo: str) -> None:
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, 384² → 1536², RRDBNet 6 blocks, random weights"
    )
    print(f"{'':14}{'median s':>10}{'best s':>10}  largest error of 255, share of pixels over 1")
    for name, seconds in times.items():
        print(f"{name:14}{median(seconds):10.2f}{min(seconds):10.2f}  {errors[name]}")
    print(f"halo of ours: {halo}")
    for name, megabytes in memory.items():
        print(f"peak memory of {name} at 1024² → 4096²: {megabytes:.1f} MB per megapixel of the result")


if __name__ == "__main__":
    main()
