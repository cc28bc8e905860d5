import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import lock_webui
import pytest
from safetensors.torch import save_file
from shiftnet import random_weights, srvgg
from tiny import SD15_WIDE, tiny_adapter, tiny_controlnet
from torch import zeros
from webui import CONTROLNET, ROOT, Webui, given


@pytest.fixture(scope="session", params=["a1111", "forge"])
def webui(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    """A real webui with the pack and the contract's door in its extensions."""
    checkout = given(request.param)
    if checkout is None:
        pytest.skip("no checkout")
    home = tmp_path_factory.getbasetemp() / "webui"
    door = home / "door"
    shutil.copytree(Path(__file__).parent / "extension", door, dirs_exist_ok=True)
    shutil.copy(ROOT / "tests" / "contract" / "suite.py", door / "atelier_contract_suite.py")
    studio = (ROOT / "tests" / "contract" / "studio.py").read_text(encoding="utf-8")
    (door / "atelier_contract_studio.py").write_text(studio.replace("from .suite", "from atelier_contract_suite"))
    extensions = {"sd-webui-atelier": ROOT, "zz-atelier-contract": door}
    upscalers = home / checkout.kind / "models" / "ESRGAN"
    upscalers.mkdir(parents=True)
    save_file(random_weights(srvgg(16)).state_dict(), upscalers / "random x4.safetensors")
    _with_control(request.param, home / checkout.kind / "models" / "ControlNet", extensions)
    with Webui(checkout, home / checkout.kind, extensions=extensions) as running:
        yield running


def _with_control(kind: str, folder: Path, extensions: dict[str, Path]) -> None:
    """A model of the checkpoint's width: for Forge's own ControlNet, or for A1111's extension if that is given."""
    folder.mkdir(parents=True)
    save_file({"what": zeros(3)}, folder / "spoilt.safetensors")
    if kind == "forge":
        tiny_controlnet(folder / "random.safetensors", SD15_WIDE, half=True)
    elif CONTROLNET in os.environ:
        tiny_adapter(folder / "random.safetensors")
        extensions["sd-webui-controlnet"] = Path(os.environ[CONTROLNET])


@pytest.fixture(scope="module")
def loras(webui: Webui) -> Webui:
    lock_webui.furnish(webui)
    return webui
