"""python -m dollhouse.train [--minutes 90]     trains the family, or goes on where the last run ended

Everything is drawn and trained side by side: processes draw scenes, others learn from them. Each network is written
into its place below `--out` while it learns, and taken up again by the next run. `--jobs vae:0-30,painter:30-100` runs
some of it only, each between two points of the time, in percent.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dollhouse.home import HOME
from dollhouse.train.jobs import JOBS, plans, run
from dollhouse.train.store import Plan, Store, filling, pending

WHOLE = "vae:0-24,readers:0-30,upscaler:0-20,detector:20-60,painter:0-75,inpaint:50-100,openpose:50-100,control:50-100"
AWAITED = ("vae", "painter")  # trainings for whose end others wait
SHARES = {"scenes": 8, "others": 6, "poses": 2, "sharp": 2}  # of the processes that draw
GRACE = 90.0  # seconds for the last looks and files after the time is over


@dataclass(frozen=True)
class Turn:
    job: str
    start: float  # seconds
    seconds: float


def main() -> None:
    asked = _arguments()
    if asked.job:
        run(asked.job, asked.work, asked.out, asked.until)
        return
    turns, drawn = turns_of(asked.jobs, asked.minutes * 60), plans(asked.scenes, asked.facts, asked.core)
    work = asked.work or _workplace(drawn[name] for name in {JOBS[turn.job] for turn in turns})
    asked.out.mkdir(parents=True, exist_ok=True)
    try:
        _conduct(turns, drawn, work, asked)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--jobs", default=WHOLE)
    parser.add_argument("--scenes", type=int, default=60_000, help="drawn at most")
    parser.add_argument(
        "--facts",
        type=int,
        default=20_000,
        help="of them with all maps, for controls and masks; and so many in twins of other poses",
    )
    parser.add_argument("--core", action="store_true", help="the core of the world alone, where time is short")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes that draw")
    parser.add_argument("--out", type=Path, default=HOME)
    parser.add_argument("--work", type=Path, help="where drawn scenes lie meanwhile")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)  # by the machine's monotonic clock
    return parser.parse_args()


def turns_of(text: str, seconds: float) -> list[Turn]:
    """ "vae:0-30" -> from the beginning, for 30 % of the time."""
    turns = []
    for part in text.split(","):
        name, _, span = part.partition(":")
        if name not in JOBS:
            raise SystemExit(f"There is no training {name!r}; there are {', '.join(JOBS)}.")
        start, stop = (float(point) / 100 for point in (span or "0-100").split("-"))
        turns.append(Turn(name, start * seconds, (stop - start) * seconds))
    return sorted(turns, key=lambda turn: turn.start)


def _workplace(drawn: Iterable[Plan]) -> Path:
    """In memory, if all that is to be drawn has room there: a process that writes beyond it is ended."""
    memory, needed = Path("/dev/shm"), sum(plan.size for plan in drawn)
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1.05 * needed
    return Path(tempfile.mkdtemp(prefix="dollhouse-", dir=memory if roomy else None))


def _conduct(turns: list[Turn], drawn: Mapping[str, Plan], work: Path, asked: argparse.Namespace) -> None:
    began, running, crews = time.monotonic(), [], []
    needed = list(dict.fromkeys(JOBS[turn.job] for turn in turns))
    total = sum(SHARES[name] for name in needed)
    for name in needed:
        Store.made(work / name, drawn[name])
        crews += filling(work / name, max(1, round(asked.workers * SHARES[name] / total)))
    for job in {turn.job for turn in turns}.intersection(AWAITED):
        pending(work, job).touch()
    for turn in turns:
        time.sleep(max(0.0, turn.start - (time.monotonic() - began)))
        running.append(_started(turn, work, asked.out, began))
    end = began + max(turn.start + turn.seconds for turn in turns) + GRACE
    for name, process in running:
        _ended(name, process, end)
    for one in crews:
        one.terminate()


def _started(turn: Turn, work: Path, out: Path, began: float) -> tuple[str, subprocess.Popen]:
    until = began + turn.start + turn.seconds
    command = [sys.executable, "-u", "-m", "dollhouse.train", "--job", turn.job, "--until", f"{until:.1f}"]
    print(f"{time.monotonic() - began:.0f} s: {turn.job}, for {until - time.monotonic():.0f} s", flush=True)
    process = subprocess.Popen([*command, "--work", str(work), "--out", str(out)])
    threading.Thread(target=_lifted, args=(process, pending(work, turn.job)), daemon=True).start()
    return turn.job, process


def _lifted(process: subprocess.Popen, sign: Path) -> None:
    """Nobody waits any longer for a training that has ended, however it did."""
    process.wait()
    sign.unlink(missing_ok=True)


def _ended(name: str, process: subprocess.Popen, end: float) -> None:
    try:
        code = process.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        print(f"{name}: ended, it took too long", flush=True)
        return
    print(f"{name}: {'done' if code == 0 else f'failed, code {code}'}", flush=True)


if __name__ == "__main__":
    main()
