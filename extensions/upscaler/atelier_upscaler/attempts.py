"""A tile through a network, on a machine that may run out of memory or out of numbers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

import numpy as np
import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Bounds

from .networks import Network
from .report import Report

FLOOR = 32  # pixels of a core's side, below which a tile is nearly all halo
NAMES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
_SHORTAGE = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "could not allocate",
    "alloc_failed",
    "bad_alloc",
)


class Attempts:
    """What has proved to work so far in this run: the size of a core, the device and the number format."""

    def __init__(
        self, network: Network, device: torch.device, dtypes: tuple[torch.dtype, ...], side: int, report: Report
    ) -> None:
        self.side = side  # most pixels of a core's side
        self.device = device
        self._first_side = side
        self._network = network
        self._dtypes = list(dtypes)
        self._report = report
        self._copies: dict[tuple[str, torch.dtype], torch.nn.Module] = {}

    @property
    def precision(self) -> str:
        return NAMES[self._dtypes[0]]

    def at(self, crop: np.ndarray, core: Bounds) -> np.ndarray | None:
        """The network's result for `core`, a part of `crop`; None when `side` or `device` had to change first."""
        result = self._result(crop, core)
        if result is None:
            self._yield_to_shortage()
        return result

    def _result(self, crop: np.ndarray, core: Bounds) -> np.ndarray | None:
        """None when memory ran out; nothing of the attempt is alive then, not even its traceback."""
        try:
            with torch.inference_mode(), _plain():
                return self._sound(_to_tensor(crop, self.device), core, crop.dtype)
        except (RuntimeError, MemoryError) as error:
            if not is_shortage(error):
                raise
        return None

    def _sound(self, x: torch.Tensor, core: Bounds, dtype: np.dtype) -> np.ndarray:
        """In the first number format in which the result has only numbers; later tiles begin with that one."""
        while True:
            network = self._network
            y = network.forward(self._module(), x.to(self._dtypes[0]))
            if torch.isfinite(y.sum(dtype=torch.float32)):
                rows, columns = core.times(network.scale).slices
                return _to_array(y[0, :, rows, columns], dtype)
            if len(self._dtypes) == 1:
                raise UserError(
                    "The model {name} gives no picture but invalid numbers. Its file may be damaged.", name=network.name
                )
            failed = NAMES[self._dtypes.pop(0)]
            self._report.note(
                "The model gave invalid numbers in {failed}; this tile was computed again in {instead}, and so were "
                "all after it.",
                failed=failed,
                instead=self.precision,
            )

    def _module(self) -> torch.nn.Module:
        """The network's own module where it stands as it should, else a copy: the original is never changed."""
        own = self._network.module
        if self._network.device.type == self.device.type and self._dtypes[0] == torch.float32:
            return own
        key = (str(self.device), self._dtypes[0])
        if key not in self._copies:
            self._copies.clear()
            self._copies[key] = deepcopy(own).to(self.device, self._dtypes[0])
        return self._copies[key]

    def _yield_to_shortage(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        step = self._network.step
        if self.side > max(FLOOR, step):
            self.side = max(FLOOR, self.side // 2) // step * step or step
            self._report.note("Memory ran out; the picture went on in tiles of {side} pixels.", side=self.side)
        elif self.device.type != "cpu":
            self._report.note("Memory of {device} ran out; the picture went on on the CPU.", device=str(self.device))
            self.device, self._dtypes, self.side = torch.device("cpu"), [torch.float32], self._first_side
        else:
            raise UserError("There is not enough memory for the model {name}.", name=self._network.name)


def is_shortage(error: BaseException) -> bool:
    told = str(error).lower()
    return isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)) or any(word in told for word in _SHORTAGE)


def _plain() -> AbstractContextManager[object]:
    """Without a webui's autocast around it."""
    return torch.autocast("cuda", enabled=False) if torch.is_autocast_enabled() else nullcontext()


def _to_tensor(crop: np.ndarray, device: torch.device) -> torch.Tensor:  # [1, C, H, W], 0..1, float32
    """Travels as bytes where it is bytes. Channels lie last, in just the strides that libraries know as such."""
    most = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(crop.dtype, 1)
    plain = np.array(crop, np.uint8 if most == 255 else np.float32, order="C")
    return torch.from_numpy(plain).unsqueeze(0).to(device).permute(0, 3, 1, 2).float().div_(most)


def _to_array(y: torch.Tensor, dtype: np.dtype) -> np.ndarray:  # [C, H, W] -> [H, W, C]
    """Rounded on the device, so that a byte and no float travels per value."""
    y = y.permute(1, 2, 0).float()
    if dtype == np.uint8:
        return y.mul(255).add_(0.5).clamp_(0, 255).byte().cpu().numpy()
    if dtype == np.uint16:
        return y.mul(65535).add_(0.5).clamp_(0, 65535).int().cpu().numpy().astype(np.uint16)
    return y.clamp(0, 1).cpu().numpy()
