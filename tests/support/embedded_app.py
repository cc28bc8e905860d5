"""The embedded host as a user starts it: a process of its own, with a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webui import ROOT, free_port

GRADIO = ("AbortError", "Method not implemented", "upload_progress", "Response")  # gradio's own lines in the console


@dataclass
class App:
    url: str
    root: Path

    def results(self) -> list[Path]:
        return sorted((self.root / "outputs").rglob("*.png"))


@contextmanager
def started(root: Path, **environment: str) -> Iterator[App]:
    """Answers when it has said its address; ended by its own process id."""
    port = free_port()
    command = [sys.executable, "-m", "atelier_core.hosts.embedded", "--port", str(port), "--root", str(root)]
    own = {"PYTHONPATH": str(ROOT / "extensions" / "atelier-core"), "PYTHONUNBUFFERED": "1"}
    server = subprocess.Popen(command, env={**os.environ, **own, **environment}, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        lines = iter(server.stdout.readline, "")
        assert any(f"http://127.0.0.1:{port}" in line for line in lines)
        yield App(f"http://127.0.0.1:{port}", root)
    finally:
        server.terminate()
        server.wait(20)
