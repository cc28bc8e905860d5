"""Atelier without a webui.

python3 launch.py [--port 7860] [--listen] [--root FOLDER]   starts it on http://127.0.0.1:7860
python3 launch.py test [arguments of pytest]                 checks the code and runs all tests

Both make .venv beside this file and install into it what is pinned; the second time there is nothing to do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "atelier-stamp"  # what is installed: one line "sha256 file" for each file of requirements
CORE = HERE / "extensions" / "atelier-core"
TESTS = HERE / "tests" / "requirements.txt"
CHECKS = (("ruff", "format", "--check", "."), ("ruff", "check", "."), ("mypy",))
PROGRAMS = {"chromium": "chromium", "node": "nodejs"}  # what the tests of pages use -> its Debian package


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    testing = arguments[:1] == ["test"]
    prepare(testing)
    return test(arguments[1:]) if testing else start(arguments)


def start(arguments: list[str]) -> int:
    say("3/3 Starting; the address follows when it is ready")
    path = os.pathsep.join(filter(None, (str(CORE), os.environ.get("PYTHONPATH"))))
    command = [str(PYTHON), "-m", "atelier_core.hosts.embedded", *arguments]
    environment = {**os.environ, "PYTHONPATH": path}
    if os.name != "nt":
        os.execve(PYTHON, command, environment)  # the server takes this process over: one id to watch and to stop
    return subprocess.call(command, env=environment)


def test(arguments: list[str]) -> int:
    get_programs()
    say("3/3 Checking and testing")
    failed = [" ".join(check) for check in CHECKS if run_module(*check)]
    if failed:
        say(f"The tests run all the same, then this command ends as failed. Failed: {', '.join(failed)}")
    return run_module("pytest", *arguments) or int(bool(failed))


def run_module(*command: str) -> int:
    sys.stdout.flush()
    return subprocess.call([str(PYTHON), "-m", *command], cwd=HERE)


def get_programs() -> None:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {', '.join(missing)} with apt-get")
        packages = [PROGRAMS[program] for program in missing]
        subprocess.call(["apt-get", "-qq", "update"])
        subprocess.call(["apt-get", "-qq", "--no-install-recommends", "--yes", "install", *packages])
    for program in PROGRAMS:
        if shutil.which(program) is None:
            say(f"There is no {program} here: the tests that need it are skipped.")


def prepare(testing: bool) -> None:
    """Bring .venv to what the files of requirements say. What is stamped already is not looked at again."""
    stamped = STAMP.read_text("utf-8").splitlines() if PYTHON.exists() and STAMP.exists() else []
    files = [CORE / "requirements-embedded.txt", *sorted(HERE.glob("extensions/*/requirements.txt"))]
    if testing or any(line.endswith(name_of(TESTS)) for line in stamped):
        files.append(TESTS)
    wanted = [stamp_of(file) for file in files]
    if set(wanted) <= set(stamped):
        return
    check_python()
    STAMP.unlink(missing_ok=True)
    pip = make_venv()
    say("2/3 Installing, about 7 GB the first time")
    install(pip, files)
    STAMP.write_text("\n".join(wanted) + "\n", "utf-8")


def name_of(file: Path) -> str:
    return file.relative_to(HERE).as_posix()


def stamp_of(file: Path) -> str:
    return f"{hashlib.sha256(file.read_bytes()).hexdigest()} {name_of(file)}"


def check_python() -> None:
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        version = ".".join(map(str, sys.version_info[:2]))
        raise SystemExit(
            f"Atelier runs on Python 3.10, 3.11 and 3.12, and this is {version}: start it with one of those."
        )


def make_venv() -> list[str]:
    """Make .venv unless it works already, and give the pip that installs into it.

    Debian's Python has no ensurepip without the package python3-venv; then the pip outside serves.
    """
    inner = [str(PYTHON), "-m", "pip"]
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    for pip in (inner, outer):
        if PYTHON.exists() and works(pip):
            return pip
    say("1/3 Making .venv")
    has_pip = find_spec("ensurepip") is not None
    if find_spec("venv") is None or not (has_pip or find_spec("pip")):
        raise SystemExit(
            "This Python cannot make a .venv: install its venv module (Debian: apt-get install python3-venv)."
        )
    without = [] if has_pip else ["--without-pip"]
    subprocess.run([sys.executable, "-m", "venv", "--clear", *without, str(VENV)], check=True)
    return inner if has_pip else outer


def works(pip: Sequence[str]) -> bool:
    return subprocess.run([*pip, "--version"], capture_output=True).returncode == 0


def install(pip: Sequence[str], files: Sequence[Path]) -> None:
    """All files in one call, so that they are resolved together. Pip keeps what it fetched: the next call goes on."""
    named = [part for file in files for part in ("--requirement", str(file))]
    command = [*pip, "install", "--disable-pip-version-check", "--no-input", *named]
    errors: list[str] = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr or ():
            if line.startswith("ERROR:") or "Retrying (" in line:
                errors.append(line.strip())
            else:
                sys.stderr.write(line)
    if process.returncode:
        raise SystemExit(told(errors))


def told(errors: Sequence[str]) -> str:
    """One sentence for what pip said in many."""
    if any("Retrying (" in line for line in errors):
        return "The packages cannot be fetched: connect to the network and start this again, it goes on from here."
    return "\n".join(errors) or "The packages could not be installed: see the lines above."


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"This failed: {' '.join(error.cmd)}")
