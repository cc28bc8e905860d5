"""The webui runs this at every start: it adds the packages that units name and the webui lacks, nothing else.

A unit names them in `extensions/<unit>/requirements.txt`, one `name` or `name>=version` to a line. What the webui has
installed stays as it is: all of it is handed to pip as constraints. What fails is one line, and the webui starts.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:>=\s*(?P<least>[0-9][0-9.]*))?\s*(?:#.*)?")
PATIENCE = 1800  # seconds for one unit's packages


def main() -> None:
    for file in sorted(Path(__file__).parent.glob("extensions/*/requirements.txt")):
        try:
            supply(file)
        except Exception as error:  # noqa: BLE001 - the webui starts whatever goes wrong here
            complain(file, f"{type(error).__name__}: {error}")


def supply(file: Path) -> None:
    missing = []
    for name, least in needs(file):
        version = installed(name)
        if version is None:
            missing.append(f"{name}>={least}" if least else name)
        elif release(version) < release(least):
            complain(file, f"it needs {name} {least} or newer, and the webui's {version} is left as it is")
    if missing:
        add(file, missing)


def needs(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            match = LINE.fullmatch(line.strip())
            if match is None:
                raise ValueError(f"“{line}” is not a name or name>=version")
            yield match["name"], match["least"] or ""


def installed(name: str) -> str | None:
    from importlib import metadata  # slow to import: only when a unit names packages

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def release(version: str) -> tuple[int, ...]:
    """1.26.0+cu121 -> (1, 26). An early 2.0rc1 counts as 2.0."""
    numbers = [int(number) for number in re.findall(r"\d+", re.split(r"[^0-9.]", version)[0])]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def add(file: Path, missing: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "present.txt"
        constraints.write_text("\n".join(present()), "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--prefer-binary", "--retries", "1", "--no-input"]
        command += ["--disable-pip-version-check", "--constraint", str(constraints), *missing]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with {done.returncode}"
        complain(file, f"{', '.join(missing)} could not be installed: {reason}")
    else:
        print(f"Atelier: installed {', '.join(missing)} for {file.parent.name}")


def present() -> Iterator[str]:
    """What is installed, as constraints. A leftover of pip (“~umpy”) is nameless, or named as the real thing."""
    from importlib import metadata

    for found in metadata.distributions():
        with suppress(TypeError):  # a leftover folder without any metadata
            name = found.metadata["Name"]
            if name and (version := installed(name)):
                yield f"{name}=={version}"


def complain(file: Path, reason: str) -> None:
    print(f"Atelier: {file.parent.name} may lack something: {' '.join(reason.split())}.")


if __name__ == "__main__":
    main()
