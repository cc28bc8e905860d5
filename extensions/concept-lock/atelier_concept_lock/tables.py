"""The report and the webui's files as tables of HTML. Names are anybody's: they are escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Translate = Callable[[str], str]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    cells = "".join(f"<th>{html.escape(one)}</th>" for one in head)
    lines = "".join("<tr>" + "".join(f"<td>{html.escape(one)}</td>" for one in row) + "</tr>" for row in rows)
    made = f'<table class="{kind}"><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<div class="atelier-table">{made}</div>'


def report(told: dict[str, Any], t: Translate) -> str:
    """`told`: the report as JSON."""
    head = [t("Concept"), t("Where"), t("Layers"), t("Direct, inside"), t("Direct, outside"), t("Indirect")]
    made = table(head, [_line(card, t) for card in told["cards"]], "atelier-report") if told["cards"] else ""
    said = []
    if told["cost"] is not None:
        said.append(t("cost: {share:.0%} more time than without").format(share=told["cost"]))
    if told["cards"] and told["clean"]:
        said.append(t("Nothing leaks directly."))
    leaks = "" if told["clean"] else _sentence(t("Something leaks: outside must be 0."), "error")
    return made + leaks + "".join(map(_sentence, said))


def _sentence(text: str, kind: str = "note") -> str:
    return f'<p class="atelier-{kind}">{html.escape(text)}</p>'


def _line(card: dict[str, Any], t: Translate) -> list[str]:
    missed = len(card["missed"])
    layers = f"{card['matched']}" + (" " + t("({count} missed)").format(count=missed) if missed else "")
    if card["region"] is None:
        return [card["card"], t("everywhere"), layers, "", "", ""]
    indirect = "" if card["indirect"] is None else f"{card['indirect']:.0%}"
    where = t("region {n}").format(n=card["region"])
    return [card["card"], where, layers, f"{card['inside']:.3g}", f"{card['outside']:.3g}", indirect]


def files(found: Sequence[dict[str, Any]], t: Translate) -> str:
    return table([t("File"), t("What it is")], [[one["name"], _said(one, t)] for one in found], "atelier-files")


def _said(one: dict[str, Any], t: Translate) -> str:
    if one["trouble"]:
        return str(one["trouble"])
    base = " ".join(filter(None, (one["base"] or t("unknown model"), one["variant"])))
    return f"{base} · {', '.join(one['kinds'])} · " + t("{count} layers").format(count=one["layers"])
