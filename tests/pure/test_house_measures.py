"""How long modules and functions are, whether returns are typed, and where broad handlers stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest
from house import EXTENSIONS, FOLDERS, ROOT, files_below, modules_of, name_of, tree_of

Function = ast.FunctionDef | ast.AsyncFunctionDef
REASON = re.compile(r"# noqa: BLE001 - \w")


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def broad_handlers(source: str) -> list[int]:
    """Lines that catch everything, neither raise it again nor say why they may."""
    lines = source.splitlines()
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
        and not REASON.search(lines[node.lineno - 1])
    ]


PYTHON = [ROOT / "launch.py", ROOT / "install.py", ROOT / "preload.py", *(f for d in FOLDERS for f in modules_of(d))]
PAGES = [file for file in files_below(EXTENSIONS) if file.suffix in (".js", ".mjs")]


def test_no_module_is_above_400_lines() -> None:
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in [*PYTHON, *PAGES]}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_modules_and_functions_are_short(folder: Path) -> None:
    modules = [len(file.read_text(encoding="utf-8").splitlines()) for file in modules_of(folder)]
    lengths = [lines_of(function) for file in modules_of(folder) for function in functions(tree_of(file))]
    assert median(modules) <= 200
    assert median(lengths) <= 10
    assert quantiles(lengths, n=20)[-1] <= 50  # 19 of 20 functions


def test_returns_are_typed() -> None:
    untyped = {name_of(file): [f.name for f in functions(tree_of(file)) if f.returns is None] for file in PYTHON}
    assert {name: names for name, names in untyped.items() if names} == {}


def test_broad_handlers_have_a_reason() -> None:
    broad = {name_of(file): broad_handlers(file.read_text(encoding="utf-8")) for file in PYTHON}
    assert {name: lines for name, lines in broad.items() if lines} == {}


def body(handler: str, then: str = "pass") -> str:
    return f"try:\n    f()\n{handler}\n    {then}\n"


@pytest.mark.parametrize(
    "handler",
    ["except:", "except Exception:", "except (OSError, BaseException) as e:", "except Exception:  # noqa: BLE001"],
)
def test_a_broad_handler_is_seen(handler: str) -> None:
    assert broad_handlers(body(handler)) == [3]


@pytest.mark.parametrize(
    "source",
    [
        body("except OSError:"),
        body("except BaseException:", "raise"),
        body("except Exception:  # noqa: BLE001 - the webui's border"),
        body("except MyException:"),
    ],
)
def test_other_handlers_are_not(source: str) -> None:
    assert broad_handlers(source) == []
