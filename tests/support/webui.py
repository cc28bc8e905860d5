"""Starts a real webui for tests: a checkout and its interpreter from the environment, everything else made here.

`ATELIER_A1111` / `ATELIER_FORGE` name the checkout's folder, `…_PYTHON` its interpreter; `ATELIER_A1111_CONTROLNET` the
folder of sd-webui-controlnet, whose requirements that interpreter has. What the checkout needs beyond that (an offline
tokenizer cache, say) is taken from the environment as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkpoint import write_checkpoint

ROOT = Path(__file__).parents[2]
CONTROLNET = "ATELIER_A1111_CONTROLNET"
FLAGS = [
    "--skip-prepare-environment",
    "--skip-torch-cuda-test",
    "--skip-python-version-check",
    "--skip-version-check",
    "--skip-install",
    "--do-not-download-clip",
    "--no-download-sd-model",
    "--disable-console-progressbars",
    "--api",
]
OWN_FLAGS = {
    "a1111": ["--use-cpu", "all", "--no-half", "--disable-nan-check", "--opt-sdp-no-mem-attention"],
    "forge": ["--always-cpu"],
}
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "COMMANDLINE_ARGS": "",
    "PYTHONUNBUFFERED": "1",
}
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", "outputs", "dollhouse", ".*_cache", "*.tmp")


@dataclass(frozen=True)
class Checkout:
    kind: str  # "a1111" or "forge"
    folder: Path
    python: Path


def given(kind: str) -> Checkout | None:
    folder, python = os.environ.get(f"ATELIER_{kind.upper()}"), os.environ.get(f"ATELIER_{kind.upper()}_PYTHON")
    return Checkout(kind, Path(folder), Path(python)) if folder and python else None


@dataclass
class Webui:
    """A running webui with its own data folder. Use as a context manager: it is stopped by its own process id."""

    checkout: Checkout
    data: Path
    flags: tuple[str, ...] = ()
    extensions: dict[str, Path] = field(default_factory=lambda: {"sd-webui-atelier": ROOT})
    options: dict[str, Any] = field(default_factory=dict)
    checkpoint: Path | None = None  # without one a random one is made
    port: int = 0

    def __enter__(self) -> Webui:
        self.port = self.port or free_port()
        self._furnish()
        self.log = self.data / "webui.log"
        command = [str(self.checkout.python), "launch.py", *FLAGS, *OWN_FLAGS[self.checkout.kind]]
        command += [
            "--port",
            str(self.port),
            "--data-dir",
            str(self.data),
            "--ckpt",
            str(self._checkpoint()),
            *self.flags,
        ]
        self._process = subprocess.Popen(
            command,
            cwd=self.checkout.folder,
            env={**os.environ, **OFFLINE},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *of: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _furnish(self) -> None:
        homes = self.data / "extensions"
        homes.mkdir(parents=True, exist_ok=True)
        for name, source in self.extensions.items():
            shutil.copytree(source, homes / name, ignore=LEFT_OUT, dirs_exist_ok=True)
        quiet = {"live_previews_enable": False, "sd_vae": "None", "samples_save": True}
        (self.data / "config.json").write_text(json.dumps({**quiet, **self.options}))

    def _checkpoint(self) -> Path:
        """The given one, or a random one for all runs of this session's temporary folder."""
        if self.checkpoint is not None:
            return self.checkpoint
        narrow = self.checkout.kind == "a1111"
        path = self.data.parent / f"random-{'narrow' if narrow else 'full'}.safetensors"
        return write_checkpoint(path, narrow)

    def _wait(self, seconds: float = 240) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the webui ended: {self.said()[-3000:]}")
            if "Startup time:" in self.said():  # the API answers earlier, before the scripts have their arguments
                return
            time.sleep(0.3)
        raise RuntimeError(f"the webui did not answer within {seconds} s: {self.said()[-3000:]}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str, timeout: float = 60) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any, timeout: float = 600) -> tuple[int, Any]:
        """Status and JSON; an error status is an answer, not an exception."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, raw, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
