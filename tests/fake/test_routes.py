import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from atelier_core import units
from atelier_core.api.pictures import Pictures, mount_pictures, store
from atelier_core.api.routes import Route, mount
from atelier_core.args import arg
from atelier_core.errors import Interrupted, UserError
from atelier_core.hosts.fake import FakeHost
from atelier_core.ui import pages
from atelier_core.ui.pages import mount_pages
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

WITH_CORE = {**os.environ, "PYTHONPATH": str(units.CORE)}


@dataclass(frozen=True)
class Echo:
    word: str
    times: int = arg(1, least=1, most=3)


def echo(host: FakeHost, args: Echo) -> dict:
    if args.word == "stop":
        raise Interrupted
    if args.word == "bad":
        raise UserError("The word “{word}” is bad.", word=args.word)
    return {"said": args.word * args.times}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    app, host = FastAPI(), FakeHost(tmp_path)
    routes = (
        Route("POST", "echo", echo, Echo, "Says it again"),
        Route("GET", "name", lambda host: {"name": host.name}),
    )
    for _ in range(2):  # Reload UI on an app that lives on
        mount(app, host, "parrot", routes)
        mount_pictures(app, host)
        mount_pages(app, host)
    return TestClient(app)


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    from io import BytesIO

    out = BytesIO()
    Image.new(mode, (width, height), 7).save(out, "PNG")
    return out.getvalue()


def test_a_good_request(client: TestClient) -> None:
    answer = client.post("/atelier/v1/parrot/echo", json={"word": "ab", "times": 2})
    assert (answer.status_code, answer.json()) == (200, {"said": "abab"})
    assert client.get("/atelier/v1/parrot/name").json() == {"name": "fake"}


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b'{"word": "bad"}', 400, "The word “bad” is bad."),
        (b'{"word": "stop"}', 409, "Stopped. Nothing was saved."),
        (b'{"word": "a", "times": 9}', 400, "“times” must be between 1 and 3."),
        (b"{", 400, "The request is not valid JSON."),
        (b"\xff\xfe", 400, "The request is not valid JSON."),
        (b"[" * 100_000, 400, "The request is not valid JSON."),
        (b"[]", 400, "The request must be a JSON object."),
    ],
)
def test_bad_requests_get_one_sentence(client: TestClient, body: bytes, status: int, sentence: str) -> None:
    answer = client.post("/atelier/v1/parrot/echo", content=body)
    assert (answer.status_code, answer.json()) == (status, {"error": sentence})


def test_logins_and_other_sites_are_kept_out(client: TestClient) -> None:
    wrong = {"x-fake-login": "wrong"}
    paths = ["v1/core/pictures/" + "a" * 22, "pages/d/stage/view.mjs", "v1/parrot/name"]
    assert [client.get(f"/atelier/{path}", headers=wrong).status_code for path in paths] == [401] * 3
    answer = client.post("/atelier/v1/parrot/echo", json={"word": "a"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_openapi_lists_every_route_once(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/atelier/v1/parrot/echo"]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "required"
    ] == ["word"]
    assert {"/atelier/v1/core/pictures", "/atelier/v1/core/pictures/{key}"} <= set(paths)
    assert len([r for r in client.app.routes if getattr(r, "path", "") == "/atelier/v1/parrot/echo"]) == 1


def test_pictures_go_up_and_come_down(client: TestClient) -> None:
    body = png(40, 30)
    up = client.post("/atelier/v1/core/pictures", content=body).json()
    assert (up["width"], up["height"]) == (40, 30)
    down = client.get(f"/atelier/v1/core/pictures/{up['id']}")
    assert down.content == body and down.headers["content-type"] == "image/png"
    small = client.get(f"/atelier/v1/core/pictures/{up['id']}?longest=20")
    assert small.content[:4] == b"\x89PNG" and small.content[16:24] == bytes([0, 0, 0, 20, 0, 0, 0, 15])


@pytest.mark.parametrize("path", ["nothing", "a" * 22, "../../../etc/passwd"])
def test_unknown_pictures_are_refused(client: TestClient, path: str) -> None:
    answer = client.get(f"/atelier/v1/core/pictures/{path}")
    assert answer.status_code in (400, 404)


def test_what_is_no_picture_is_not_taken(client: TestClient) -> None:
    for body in (b"", b"<script>alert(1)</script>", png(40, 30)[:60]):
        answer = client.post("/atelier/v1/core/pictures", content=body)
        assert answer.status_code == 400 and answer.json()["error"].endswith(".")


def test_longest_is_checked(client: TestClient) -> None:
    key = store.put(png(20, 20))
    for value in ("0", "-5", "x", "99999999"):
        assert client.get(f"/atelier/v1/core/pictures/{key}?longest={value}").status_code == 400


def test_pages_stay_below_their_folder(client: TestClient) -> None:
    page = client.get(f"/atelier/pages/{pages.digest()}/stage/view.mjs")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/javascript")
    assert page.headers["cache-control"] == "private, max-age=31536000, immutable"
    for path in (
        "stage/..%2f..%2f__init__.py",
        "stage/%2e%2e/%2e%2e/atelier_core/errors.py",
        "nothing/index.html",
        "stage/",
    ):
        assert client.get(f"/atelier/pages/{pages.digest()}/{path}").status_code in (400, 404)


def test_a_page_lies_under_the_digest_of_the_files_as_they_are(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "roots", lambda: {"stage": tmp_path})
    (tmp_path / "a.mjs").write_text("1")
    (tmp_path / "b.mjs").write_text("2")
    before = pages.digest()
    assert client.get(f"/atelier/pages/{before}/stage/a.mjs").text == "1"
    (tmp_path / "b.mjs").write_text("two")
    old = client.get(f"/atelier/pages/{before}/stage/a.mjs")
    assert (old.status_code, old.json()) == (400, {"error": "There is no such page."})
    assert "cache-control" not in old.headers
    assert client.get(f"/atelier/pages/{pages.digest()}/stage/b.mjs").text == "two"
    (tmp_path / "b.mjs").rename(tmp_path / "c.mjs")
    assert len({before, pages.digest()}) == 2


def forgotten(kept: Pictures, key: str) -> bool:
    try:
        return not kept.get(key)
    except UserError:
        return True


def test_the_store_forgets_the_oldest_uploads_with_their_files() -> None:
    kept = Pictures(most=100)
    first, second = kept.put(b"a" * 60), kept.put(b"b" * 40)
    file = kept.get(second)
    assert kept.get(first).read_bytes() == b"a" * 60  # the second is now unused for longer
    third = kept.put(b"c" * 30)
    assert forgotten(kept, second) and not file.exists()
    assert [kept.get(key).read_bytes() for key in (first, third)] == [b"a" * 60, b"c" * 30]
    large = kept.put(b"d" * 200)
    assert kept.get(large).read_bytes() == b"d" * 200  # the last one is always there
    assert len(list(kept.get(large).parent.iterdir())) == 1


def test_the_store_forgets_results_by_their_number_and_leaves_their_files(tmp_path: Path) -> None:
    kept = Pictures(count=3)
    files = [tmp_path / f"{number}.png" for number in range(4)]
    for file in files:
        file.write_bytes(b"x")
    keys = [kept.put(file) for file in files]
    assert [forgotten(kept, key) for key in keys] == [True, False, False, False]
    assert all(file.exists() for file in files)
    files[3].unlink()
    assert forgotten(kept, keys[3])


def test_uploads_go_with_the_process() -> None:
    code = "from atelier_core.api.pictures import store; print(store.get(store.put(b'x')))"
    made = subprocess.run([sys.executable, "-c", code], env=WITH_CORE, capture_output=True, text=True, check=True)
    file = Path(made.stdout.strip())
    assert file.name and not file.parent.exists()
