from pathlib import Path

import pytest
import torch
from atelier_core.hosts.fake import FakeHost

from tests.contract import studio, suite


class FakeProbe:
    def __init__(self, host: FakeHost) -> None:
        self.host = host

    def denoiser(self) -> torch.nn.Module:
        return self.host.unet

    def options(self) -> dict:
        return dict(self.host.settings)


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@pytest.mark.parametrize("case", [*suite.CASES, *studio.CASES], ids=lambda case: case.__name__)
def test_contract(host: FakeHost, case) -> None:
    case(host, FakeProbe(host))


@pytest.mark.parametrize("case", suite.WITH_CONTROL_MODEL, ids=lambda case: case.__name__)
def test_contract_with_a_control_model(host: FakeHost, case) -> None:
    (host.folder("controlnet") / "any.safetensors").touch()
    case(host, FakeProbe(host))
