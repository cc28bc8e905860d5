import pytest
from webui import Webui

from tests.contract import suite


@pytest.mark.parametrize("case", [case.__name__ for case in suite.CASES])
def test_contract(webui: Webui, case: str) -> None:
    status, answer = webui.post(f"/atelier-contract/{case}", {})
    assert (status, answer["failed"]) == (200, "")
