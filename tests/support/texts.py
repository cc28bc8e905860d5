"""The English texts of the code, which are the keys of the Korean ones.

`python tests/support/texts.py` writes the root's table anew, the union of the units' (a webui reads only that one when
the pack is installed as one extension), and prints what is missing or no longer used.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from house import FOLDERS, ROOT, modules_of

TABLE = "localizations/ko_KR.json"
NAMED = {"label", "info", "placeholder"}  # arguments of gradio components and settings that are read by users
FIRST = {"UserError", "Note", "note", "t", "translate", "Unit", "ExtrasEntry", "sentence"}  # their first argument is
FIRST_OF_GRADIO = {"Button", "Markdown", "HTML", "Accordion", "Tab", "TabItem"}
WORD = re.compile(r"[A-Z][a-z]|[A-Za-z]+ [A-Za-z]")  # “Fast” and “by factor” are words, “fp32” and “4K” are names
SENTENCE = re.compile(r"[A-Z“{][^<>]* [^<>]*[.?!]")
# not shown in a page
SILENT = {"debug", "info", "warning", "error", "exception", "print", "add_argument", "ArgumentParser"}


def texts_of(source: str) -> set[str]:
    """Every text of a module that a user reads: by where it stands, and whatever looks like a sentence."""
    tree = ast.parse(source)
    found = {text for node in ast.walk(tree) if isinstance(node, ast.Call) for text in texts_of_call(node)}
    constants = (n.value for n in read_by_users(tree) if isinstance(n, ast.Constant))
    return found | {text for text in constants if isinstance(text, str) and SENTENCE.fullmatch(text)}


def sentences_in_pieces(tree: ast.Module) -> list[str]:
    pieces = [node for node in read_by_users(tree) if isinstance(node, ast.JoinedStr)]
    texts = (ast.unparse(node)[2:-1] for node in pieces)
    return [text for text in texts if SENTENCE.fullmatch(text)]


def read_by_users(tree: ast.Module) -> list[ast.AST]:
    unread = {id(part) for node in ast.walk(tree) for one in hidden(node) for part in ast.walk(one)}
    return [node for node in ast.walk(tree) if id(node) not in unread]


def hidden(node: ast.AST) -> Iterator[ast.AST]:
    """What below a node no user reads: docstrings, faults that keep their traceback, the log, parts of f-strings."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        yield node.body[0]
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and name_of(node.exc.func) != "UserError":
        yield node.exc
    if isinstance(node, ast.Call) and name_of(node.func) in SILENT:
        yield node
    if isinstance(node, ast.JoinedStr):
        yield from node.values


def texts_of_call(call: ast.Call) -> Iterator[str]:
    name, gradio = name_of(call.func), ast.unparse(call.func).startswith("gr.")
    if name in FIRST:
        yield from texts_in(call.args[:1])
    if name == "Unit":  # the switch in the settings, see Unit.switch
        yield from (f"{text} is on" for text in texts_in(call.args[:1]))
    if gradio or name == "Setting":
        asked = call.args[2:4] if name == "Setting" else call.args[: int(name in FIRST_OF_GRADIO)]
        choices = [one for k in call.keywords if k.arg == "choices" for one in getattr(k.value, "elts", [])]
        asked = [*asked, *(k.value for k in call.keywords if k.arg in NAMED), *map(shown, choices)]
        yield from (text for text in texts_in(asked) if WORD.search(text))


def shown(choice: ast.AST) -> ast.AST:
    return choice.elts[0] if isinstance(choice, ast.Tuple) else choice


def texts_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def name_of(function: ast.AST) -> str:
    """The last name of what is called: translate of host.translate(…), UserError of super() in a UserError's class."""
    return ast.unparse(function).rsplit(".", 1)[-1]


def used(folder: Path) -> set[str]:
    return {text for file in modules_of(folder) for text in texts_of(file.read_text(encoding="utf-8"))}


def table(folder: Path) -> dict[str, str]:
    return json.loads((folder / TABLE).read_text(encoding="utf-8"))


def union() -> dict[str, str]:
    return dict(sorted(item for folder in FOLDERS for item in table(folder).items()))


def written(korean: dict[str, str]) -> str:
    return json.dumps(korean, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for folder in FOLDERS:
        has = set(table(folder))
        for text in sorted(used(folder) ^ has):
            print(f"{folder.name}: {'no longer used' if text in has else 'missing'}: {text}")
    (ROOT / TABLE).write_text(written(union()), encoding="utf-8")
