"""The pages' pure decisions, tested by node's own runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "node").glob("*.test.mjs"))


def test_the_stage_in_node() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the pages' pure functions were not tested")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(version[1:].split(".")[0])
    if major < 20:
        pytest.skip(f"node {major} has no module hooks: the pages' pure functions were not tested")
    command = [node, "--test", "--test-reporter=tap", *map(str, TESTS)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    counts = {name: int(n) for name, n in re.findall(r"^# (pass|fail|skipped) (\d+)$", ran.stdout, re.MULTILINE)}
    assert counts["pass"] >= 50 and counts["fail"] == counts["skipped"] == 0, ran.stdout
