import pytest
from webui import CONTROLNET, Webui

from tests.contract import studio, suite


@pytest.mark.parametrize("case", [case.__name__ for case in [*suite.CASES, *studio.CASES]])
def test_contract(webui: Webui, case: str) -> None:
    status, answer = webui.post(f"/atelier-contract/{case}", {})
    assert (status, answer["failed"]) == (200, "")


@pytest.mark.parametrize("case", [case.__name__ for case in suite.WITH_CONTROL_MODEL])
def test_contract_with_a_control_model(webui: Webui, case: str) -> None:
    if "sd-webui-controlnet" not in webui.extensions and webui.checkout.kind == "a1111":
        pytest.skip(f"no sd-webui-controlnet in {CONTROLNET}")
    status, answer = webui.post(f"/atelier-contract/{case}", {})
    assert (status, answer["failed"]) == (200, "")
