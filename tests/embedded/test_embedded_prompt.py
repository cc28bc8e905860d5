"""Words: the tokenizer against known ids, attention brackets, chunks."""

import pytest
from atelier_core.errors import UserError
from atelier_core.hosts.embedded.encode import chunks
from atelier_core.hosts.embedded.prompt import Wish, pieces, split
from atelier_core.hosts.embedded.tokenizer import END, START, clip_tokenizer
from hypothesis import given
from hypothesis import strategies as st


def ids(text: str) -> list[int]:
    return list(clip_tokenizer()(text, add_special_tokens=False).input_ids)


def test_ids_are_those_of_openai() -> None:
    assert ids("a photo of a cat") == [320, 1125, 539, 320, 2368]
    assert ids("A  PHOTO") == [320, 1125]
    assert (clip_tokenizer().bos_token_id, clip_tokenizer().eos_token_id) == (START, END) == (49406, 49407)
    assert clip_tokenizer().decode(ids("fröhliche 고양이, it's 42!")) == "fröhliche 고양이 , it 's 4 2 !"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("a (red:1.5) cat", [("a ", 1.0), ("red", 1.5), (" cat", 1.0)]),
        ("((x))", [("x", 1.21)]),
        ("[x] y", [("x", 1 / 1.1), (" y", 1.0)]),
        (r"a \(b\) c", [("a (b) c", 1.0)]),
        ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1.0), (" c", 0.5)]),
        ("(left open", [("left open", 1.1)]),
        ("10:30) ok", [("10:30) ok", 1.0)]),
        ("a BREAK b", [("a ", 1.0), ("", 1.0), (" b", 1.0)]),
        ("BREAKFAST", [("BREAKFAST", 1.0)]),
        ("", []),
    ],
)
def test_brackets(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert [(p.words, round(p.weight, 6)) for p in pieces(prompt)] == [(w, round(f, 6)) for w, f in expected]


@given(st.text(alphabet="ab()[]:\\.15 B,REAK", max_size=60))
def test_any_text_is_read(prompt: str) -> None:
    assert all(piece.weight > 0 or ":" in prompt for piece in pieces(prompt))


def test_loras_are_taken_out_of_the_words() -> None:
    words, wishes = split("a <lora:one:0.5> b <lora:two:0.2:0.8><lora:three><lora:four:te=0:unet=2>")
    assert words == "a  b "
    assert wishes == (Wish("one", 0.5, 0.5), Wish("two", 0.2, 0.8), Wish("three", 1, 1), Wish("four", 0, 2))
    with pytest.raises(UserError, match="not a number"):
        split("<lora:x:much>")


def test_long_prompts_go_on_in_further_chunks() -> None:
    parts = chunks(clip_tokenizer(), "cat " * 100 + "BREAK dog")
    assert [len(part) for part in parts] == [75, 25, 1]
    assert parts[2] == [(1929, 1.0)]
    assert chunks(clip_tokenizer(), "") == [[]]
