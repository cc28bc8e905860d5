"""Who may import whom. Any other import is a fault."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from house import EXTENSIONS, FOLDERS, modules_of

EVERYWHERE = {"numpy", "torch", "PIL", "cv2", "spandrel", "safetensors", "tifffile"}
WEBUI = {"modules", "modules_forge", "backend", "ldm", "sgm", "ldm_patched", "k_diffusion", "launch", "scripts"}
WEBUI |= {"lib_controlnet", "internal_controlnet", "extensions", "networks", "psutil"}  # psutil: both webuis need it
WEB = {"fastapi", "starlette"}

# layer -> the layers it may import
ARROWS = {
    "unit": {"core"},
    "unit.pure": {"core", "unit.pure"},
    "unit.run": {"core", "core.host", "unit.pure", "unit.run"},
    "unit.panel": {"core", "core.host", "core.ui", "core.api", "unit.pure", "unit.run", "unit.panel"},
    "unit.api": {"core", "core.host", "core.api", "unit.pure", "unit.run", "unit.api"},
    "core": {"core"},
    "core.host": {"core", "core.host"},
    "core.api": {"core", "core.host", "core.api"},
    "core.ui": {"core", "core.host", "core.api", "core.ui"},
    "core.hosts": {"core", "core.host", "core.hosts.a1111", "core.hosts.forge"},
    "core.hosts.fake": {"core", "core.host"},
    "core.hosts.a1111": {"core", "core.host", "core.hosts.a1111"},
    "core.hosts.forge": {"core", "core.host", "core.hosts.a1111"},
    "core.hosts.entry": {"core", "core.host", "core.api", "core.ui", "core.hosts", "core.hosts.a1111"},
    "core.hosts.embedded": {"core", "core.host", "core.api", "core.ui", "core.hosts", "core.hosts.embedded"},
}
# layer -> packages that are not ours, beside the standard library and EVERYWHERE
FOREIGN = {
    "core": {"psutil", "bitsandbytes"},
    "unit.pure": {"mediapipe"},  # a detector, imported when it is asked
    "unit.panel": {"gradio"},
    "unit.api": WEB,
    "core.api": WEB,
    "core.ui": {"gradio"} | WEB,
    "core.hosts.a1111": WEBUI,
    "core.hosts.forge": WEBUI,
    "core.hosts.entry": WEBUI,
    "core.hosts.embedded": {"gradio", "diffusers", "transformers", "accelerate", "peft", "psutil", "yaml", "uvicorn"}
    | {"dollhouse"}  # its detector comes along with the small model
    | WEB,
}
PORT = {"host", "entries"}  # what the core says of hosts in general


def layer_of(module: str) -> str:
    """The layer of `atelier_core.ui.tabs` is core.ui, that of `atelier_upscaler.radius` is unit.pure. A part of a unit
    with a package of its own may have a run, a panel and an api there."""
    package, *rest = module.split(".")
    first = rest[0] if rest else ""
    if package != "atelier_core":
        known = {"run": "unit.run", "panel": "unit.panel", "api": "unit.api"}
        return next((known[one] for one in rest[:2] if one in known), "unit.pure" if rest else "unit")
    if first == "hosts":
        named = f"core.hosts.{rest[1]}" if rest[1:] else ""
        return named if named in ARROWS else "core.hosts"
    if first in PORT:
        return "core.host"
    return f"core.{first}" if first in ("ui", "api") else "core"


def module_at(path: str) -> str:
    """upscaler/atelier_upscaler/run.py -> atelier_upscaler.run"""
    parts = PurePosixPath(path).with_suffix("").parts[1:]
    return ".".join(part for part in parts if part != "__init__")


def imports(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Every module named by an import anywhere in the file, also inside functions and by importlib."""
    here = module_at(path).split(".")
    package = here if path.endswith("__init__.py") else here[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from ((node.lineno, str(name.value)) for name in node.args if isinstance(name, ast.Constant))


def faults(path: str, source: str) -> list[str]:
    here = module_at(path)
    layer = layer_of(here)
    return [
        f"{path}:{line}: {layer} imports {module}"
        for line, module in imports(path, source)
        if not allowed(here.split(".")[0], layer, module)
    ]


def allowed(package: str, layer: str, module: str) -> bool:
    top = module.split(".")[0]
    if not top.startswith("atelier_"):
        return top in sys.stdlib_module_names | EVERYWHERE | FOREIGN.get(layer, set())
    return top in (package, "atelier_core") and layer_of(module) in ARROWS[layer]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_arrows_hold(folder: Path) -> None:
    found = [
        fault
        for file in modules_of(folder)
        for fault in faults(file.relative_to(EXTENSIONS).as_posix(), file.read_text(encoding="utf-8"))
    ]
    assert found == []


UNIT, CORE_PACKAGE = "wonder/atelier_wonder", "atelier-core/atelier_core"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (f"{UNIT}/lamp.py", "import gradio as gr"),
        (f"{UNIT}/lamp.py", "from modules import shared"),
        (f"{UNIT}/lamp.py", "def f():\n    import diffusers.utils"),
        (f"{UNIT}/lamp.py", "import importlib\nimportlib.import_module('modules.shared')"),
        (f"{UNIT}/lamp.py", "from atelier_core.host import Host"),
        (f"{UNIT}/lamp.py", "from atelier_core import host"),
        (f"{UNIT}/lamp.py", "from . import run"),
        (f"{UNIT}/lamp.py", "from .panel import build"),
        (f"{UNIT}/lamp.py", "from atelier_upscaler.radius import reach_of"),
        (f"{UNIT}/lamp.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import gradio"),
        (f"{UNIT}/deep/lamp.py", "from ..run import light"),
        (f"{UNIT}/deep/lamp.py", "import gradio"),
        (f"{UNIT}/deep/run.py", "from .panel import build"),
        (f"{UNIT}/__init__.py", "from . import run"),
        (f"{UNIT}/run.py", "import gradio"),
        (f"{UNIT}/run.py", "from .panel import build"),
        (f"{UNIT}/run.py", "from atelier_core.ui import widgets"),
        (f"{UNIT}/run.py", "from atelier_core.hosts import current"),
        (f"{UNIT}/panel.py", "from .api import ROUTES"),
        (f"{UNIT}/panel.py", "from atelier_core.hosts.a1111 import host"),
        (f"{UNIT}/panel.py", "from modules import shared"),
        (f"{UNIT}/api.py", "import gradio"),
        (f"{UNIT}/api.py", "from . import panel"),
        (f"{UNIT}/api.py", "from atelier_core.ui import widgets"),
        (f"{CORE_PACKAGE}/mask.py", "import gradio"),
        (f"{CORE_PACKAGE}/mask.py", "from .host import Host"),
        (f"{CORE_PACKAGE}/mask.py", "from .hosts import current"),
        (f"{CORE_PACKAGE}/mask.py", "import requests"),
        (f"{CORE_PACKAGE}/mask.py", "import atelier_upscaler"),
        (f"{CORE_PACKAGE}/host.py", "from .ui import widgets"),
        (f"{CORE_PACKAGE}/api/routes.py", "import gradio"),
        (f"{CORE_PACKAGE}/ui/tabs.py", "from ..hosts import current"),
        (f"{CORE_PACKAGE}/ui/tabs.py", "from modules import shared"),
        (f"{CORE_PACKAGE}/hosts/__init__.py", "from modules import shared"),
        (f"{CORE_PACKAGE}/hosts/fake.py", "from .embedded import host"),
        (f"{CORE_PACKAGE}/hosts/fake.py", "import diffusers"),
        (f"{CORE_PACKAGE}/hosts/a1111/host.py", "import gradio"),
        (f"{CORE_PACKAGE}/hosts/a1111/host.py", "from ..forge import ForgeHost"),
        (f"{CORE_PACKAGE}/hosts/a1111/host.py", "import diffusers"),
        (f"{CORE_PACKAGE}/hosts/embedded/host.py", "from modules import shared"),
        (f"{CORE_PACKAGE}/hosts/embedded/host.py", "from ..a1111 import generate"),
    ],
)
def test_a_wrong_arrow_is_seen(path: str, source: str) -> None:
    assert len(faults(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (f"{UNIT}/__init__.py", "from atelier_core.units import Unit"),
        (f"{UNIT}/lamp.py", "from __future__ import annotations\nimport numpy as np\nfrom .shade import cone"),
        (f"{UNIT}/deep/lamp.py", "from .. import shade"),
        (f"{UNIT}/deep/run.py", "from atelier_core.host import Host\nfrom . import lamp"),
        (f"{UNIT}/panel.py", "from .deep import panel"),
        (f"{UNIT}/run.py", "from atelier_core.host import Host\nfrom . import lamp"),
        (f"{UNIT}/panel.py", "import gradio as gr\nfrom atelier_core.ui import widgets\nfrom . import run"),
        (f"{UNIT}/api.py", "from atelier_core.api.routes import Route\nfrom .run import light"),
        (f"{CORE_PACKAGE}/hosts/forge.py", "import backend.memory_management\nfrom .a1111.host import A1111Host"),
        (f"{CORE_PACKAGE}/hosts/embedded/host.py", "import diffusers\nfrom ...errors import UserError"),
    ],
)
def test_a_right_arrow_is_not(path: str, source: str) -> None:
    assert faults(path, source) == []
