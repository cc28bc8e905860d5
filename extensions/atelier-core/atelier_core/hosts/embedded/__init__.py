"""The host for a machine without a webui: diffusers draws, gradio shows.

Nothing here may reach the network: the libraries below are told so before they are first imported.
"""

from __future__ import annotations

import os

for _switch in (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_TELEMETRY",
    "DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
):
    os.environ[_switch] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
