"""The small model that comes along, for a machine that has no other: whether it draws, and what can be asked of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import EmbeddedHost

# The world that it knows has a small grammar, English, and these are said in it; beside each its meaning in Korean.
EXAMPLES = (
    (
        "a smiling girl with fair skin and pink hair in pigtails wearing a yellow t-shirt and a blue skirt, "
        "waving on a beach, full body, flat cartoon",
        "해변에서 손을 흔드는, 분홍 양갈래 머리의 웃는 소녀, 전신, 만화",
    ),
    (
        "an angry man with brown skin and short black hair wearing a red jacket, grey trousers and black boots, "
        "with hands on hips in a city at night, full body, photo",
        "밤의 도시에서 허리에 손을 얹은, 빨간 재킷을 입은 짧은 검은 머리의 화난 남자, 전신, 사진",
    ),
    (
        "a laughing woman with dark skin and curly red hair wearing a green sweater, a white skirt and red shoes, "
        "cheering in a room, full body, soft light from the front, photo",
        "방에서 두 팔을 들고 크게 웃는, 빨간 곱슬머리에 초록 스웨터의 여자, 전신, 앞에서 드는 부드러운 빛, 사진",
    ),
    (
        "a sad boy with tan skin and spiky blond hair wearing a purple tank top, grey shorts and white shoes, "
        "sitting in a forest, full body, sunlight from the left, photo",
        "숲에 앉아 있는, 뾰족한 금발의 슬픈 소년, 전신, 왼쪽에서 드는 햇빛, 사진",
    ),
    (
        "a smiling woman with fair skin and black hair in a bun wearing a white sweater, on the left and a "
        "smiling man with tan skin and short brown hair wearing an orange t-shirt, on the right in a room, "
        "full body, flat cartoon",
        "방 안, 왼쪽에 쪽진 검은 머리의 여자, 오른쪽에 주황 티셔츠의 남자, 둘 다 웃음, 만화",
    ),
)


def examples(host: EmbeddedHost) -> list[tuple[str, str]]:
    """How each is called, and the prompt."""
    return [(korean if host.language == "ko" else prompt, prompt) for prompt, korean in EXAMPLES]


def draws(host: EmbeddedHost) -> bool:
    """Whether what draws now is the model that came along."""
    used = host.loaded()
    return used is not None and used.path is not None and came_along(host, used.path)


def came_along(host: EmbeddedHost, path: Path) -> bool:
    return path.is_relative_to(host.root / "models" / "dollhouse")
