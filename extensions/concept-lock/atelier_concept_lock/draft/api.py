"""`/atelier/v1/concept-lock/draft`"""

from __future__ import annotations

import io
from typing import Any

from atelier_core.api.pictures import store
from atelier_core.api.routes import Route
from atelier_core.host import Host

from ..board import board_text
from . import run
from .options import DraftArgs


def draft(host: Host, args: DraftArgs) -> dict[str, Any]:
    made, out = run.draft(host, args), io.BytesIO()
    made.picture.save(out, "PNG")
    board, shown = board_text(made.board), store.put(out.getvalue())
    return {"board": board, "picture": shown, "seed": made.seed, "notes": list(made.notes)}


ROUTES = (Route("POST", "draft", draft, DraftArgs, about="Regions where the model looks for each prompt's words"),)
