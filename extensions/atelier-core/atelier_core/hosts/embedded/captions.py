"""A sentence about a picture, by BLIP, when the user has put it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image

from ...errors import UserError

MOST_WORDS = 40


def load(folder: Path) -> Any:
    """The reader and its network. Only a local folder as transformers saves it; nothing is fetched."""
    if not (folder / "config.json").is_file():
        raise UserError(
            "There is no caption model. Put a BLIP folder with config.json and .safetensors into {folder}.",
            folder=folder,
        )
    from transformers import BlipForConditionalGeneration, BlipProcessor

    local: dict[str, Any] = {"local_files_only": True}
    try:
        reader = BlipProcessor.from_pretrained(folder, **local)
        network = BlipForConditionalGeneration.from_pretrained(folder, use_safetensors=True, **local)
    except (OSError, ValueError) as error:
        raise UserError("The folder {name} is not a BLIP model: {why}", name=folder, why=error) from error
    return reader, network.eval()


def caption(reader: Any, network: Any, picture: Image.Image) -> str:
    seen = reader(picture.convert("RGB"), return_tensors="pt").to(network.device)
    with torch.no_grad():
        words = network.generate(**seen, max_new_tokens=MOST_WORDS)
    return str(reader.decode(words[0], skip_special_tokens=True)).strip()
