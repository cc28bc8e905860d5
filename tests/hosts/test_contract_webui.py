import os

import pytest
from webui import Webui

from tests.contract import suite


@pytest.mark.parametrize("case", [case.__name__ for case in suite.CASES])
def test_contract(webui: Webui, case: str) -> None:
    status, answer = webui.post(f"/atelier-contract/{case}", {})
    assert (status, answer["failed"]) == (200, "")


@pytest.mark.parametrize("case", [case.__name__ for case in suite.WITH_CONTROL_MODEL])
def test_contract_with_a_control_model(webui: Webui, case: str) -> None:
    if not os.environ.get(f"ATELIER_{webui.checkout.kind.upper()}_CONTROL_MODEL"):
        pytest.skip("no ControlNet model given")
    status, answer = webui.post(f"/atelier-contract/{case}", {})
    assert (status, answer["failed"]) == (200, "")
