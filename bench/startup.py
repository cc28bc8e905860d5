"""What the pack adds to the start of a real A1111, by the webui's own startup timer.

ATELIER_A1111 names a checkout, ATELIER_A1111_PYTHON its interpreter. `python bench/startup.py [starts of each kind]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "extensions/atelier-core")]

from webui import Checkout, Webui, given  # noqa: E402 - found by the line above

Records = dict[str, float]  # seconds by the webui's names; "a/b" is a part of "a"
OURS = {file.name for file in [ROOT / "scripts/atelier.py", *ROOT.glob("extensions/*/atelier_*/**/*.py")]}
SHARED = ("load upscalers", "create ui", "gradio launch")  # where the webui times what it does for us with its own


def main(starts: int) -> None:
    checkout = given("a1111")
    if checkout is None:
        print("Nothing measured: ATELIER_A1111 and ATELIER_A1111_PYTHON name no checkout.")
        return
    without, with_pack = starts_of(checkout, starts)
    rows = {name: middle(with_pack, name) for name in with_pack[0] if is_ours(name)}
    # a negative difference is noise of the machine: it must not be taken off our share
    rows |= {f"{name}, more than without": max(0.0, least(with_pack, name) - least(without, name)) for name in SHARED}
    rows["install.py, a process of its own"] = installer(checkout)
    share, host = sum(rows.values()), middle(without, "total")
    for name, seconds in rows.items():
        print(f"{name:44}{seconds:9.3f} s")
    print(f"{'our share':44}{share:9.3f} s")
    print(f"{'cross-check: whole start, more than without':44}{middle(with_pack, 'total') - host:9.3f} s")
    print(f"startup: share_s={share:.3f} host_s={host:.2f}")


def starts_of(checkout: Checkout, starts: int) -> tuple[list[Records], list[Records]]:
    """Without and with the pack by turns. The first start of each compiles and fills caches: it is not counted."""
    found: tuple[list[Records], list[Records]] = ([], [])
    with tempfile.TemporaryDirectory() as home:
        for turn in range(starts + 1):
            for kind, extensions in enumerate(({}, {"sd-webui-atelier": ROOT})):
                with Webui(checkout, Path(home) / str(kind), extensions=extensions) as webui:
                    timer = webui.get("/internal/profile-startup")
                if turn:
                    found[kind].append({**timer["records"], "total": timer["total"]})
    return found


def is_ours(record: str) -> bool:
    place, _, file = record.partition("/")
    return file in OURS and place in ("load scripts", "app_started_callback")


def middle(runs: list[Records], name: str) -> float:
    return median(run[name] for run in runs)


def least(runs: list[Records], name: str) -> float:
    """For small differences of long times: what other work on the machine adds differs from start to start."""
    return min(run[name] for run in runs)


def installer(checkout: Checkout) -> float:
    def seconds() -> float:
        started = time.perf_counter()
        subprocess.run([checkout.python, ROOT / "install.py"], check=True)
        return time.perf_counter() - started

    return median(seconds() for _ in range(9))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
