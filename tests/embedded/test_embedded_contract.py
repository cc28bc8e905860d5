from typing import Any

import pytest
import tiny
import torch
from atelier_core.hosts.embedded.host import EmbeddedHost

from tests.contract import studio, suite


class EmbeddedProbe:
    def __init__(self, host: EmbeddedHost) -> None:
        self.host = host

    def denoiser(self) -> torch.nn.Module:
        return self.host.model().unet

    def options(self) -> dict[str, Any]:
        return dict(self.host.settings)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    root = tmp_path_factory.mktemp("embedded")
    tiny.tiny_sd15(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    return EmbeddedHost(root)


@pytest.mark.parametrize("case", [*suite.CASES, *studio.CASES], ids=lambda case: case.__name__)
def test_contract(host: EmbeddedHost, case: Any) -> None:
    case(host, EmbeddedProbe(host))


@pytest.mark.parametrize("case", suite.WITH_CONTROL_MODEL, ids=lambda case: case.__name__)
def test_contract_with_a_control_model(host: EmbeddedHost, case: Any) -> None:
    tiny.tiny_controlnet(host.folder("controlnet") / "tiny.safetensors")
    case(host, EmbeddedProbe(host))
