"""What a painter learns from, on the device: latents and captions of all scenes drawn so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dollhouse.train.replay import places
from dollhouse.train.store import DROPOUTS, WORDS, Store
from dollhouse.train.vae import encoded

SAID = (0.4, 0.3, 0.2, 0.1)  # how often each caption of a scene is the one, the fullest first
EMPTY_SHARE = 0.1  # captions that are left out, so that guidance has something to compare with


def alike(pairs: int, *batches: torch.Tensor) -> None:
    """What follows the first so many rows becomes as they are."""
    for rows in batches:
        rows[pairs : 2 * pairs] = rows[:pairs]


class Latents:
    def __init__(self, store: Store, vae: Any, device: torch.device, most: int | None = None) -> None:
        self.store, self.vae, self.device = store, vae, device
        count, side = min(most or store.plan.count, store.plan.count), store.plan.side // 8
        self.values = torch.empty((count, 4, side, side), dtype=torch.half, device=device)
        self.tokens = torch.empty((count, len(DROPOUTS), WORDS), dtype=torch.int32, device=device)
        self._shares = torch.tensor(SAID, device=device).cumsum(0)[:-1]
        self.faces = torch.zeros((count, 1, side, side), dtype=torch.bool, device=device)  # where they are known
        self.numbers = np.zeros(count, np.int64)  # which scene of the store each is
        self.twins = torch.arange(count, device=device)  # where each one's twin is; itself, until that is there
        self._places = np.full(count + 1, -1)  # of the store's scenes, -1 until they are there; the last one is never
        self.count, self._held = 0, torch.zeros((), dtype=torch.double, device=device)

    def grow(self, most: int = 256) -> int:
        """Takes in that many more scenes, or all that are left, once they are drawn.

        Never fewer: for every new size of a batch the device tries all its ways to compute it.
        """
        room = min(most, len(self.values) - self.count)
        new = np.flatnonzero((np.array(self.store["ready"][: len(self.values)]) > 0) & (self._places[:-1] < 0))[:room]
        if len(new) < room:
            return 0
        if room:
            place = slice(self.count, self.count + len(new))
            self.values[place] = encoded(self.vae, torch.from_numpy(self.store["picture"][new]), self.device)
            tokens = torch.from_numpy(self.store["tokens"][new].astype(np.int32))
            self.tokens[place] = tokens.to(self.device, non_blocking=True)
            self.faces[place] = torch.from_numpy(self._cells(new)).to(self.device, non_blocking=True)
            self.numbers[place] = new
            self._paired(new)
            self.count += len(new)
            self._held.fill_(self.count)
        return len(new)

    def _cells(self, scenes: NDArray[np.intp]) -> NDArray[np.bool_]:
        """The cells that a face touches."""
        boxes, cell = self.store.faces(scenes), np.arange(self.faces.shape[-1])
        low, high = boxes[..., :2] // 8, -(-boxes[..., 2:] // 8)
        across, down = ((low[..., i, None] <= cell) & (cell < high[..., i, None]) for i in (0, 1))
        return (down[..., :, None] & across[..., None, :]).any(1)[:, None]

    def _paired(self, new: NDArray[np.intp]) -> None:
        own = np.arange(self.count, self.count + len(new))
        self._places[new] = own
        if self.store.plan.twins:
            others = self._places[new ^ 1]
            ours, theirs = (torch.from_numpy(some[others >= 0]).to(self.device) for some in (own, others))
            self.twins[ours], self.twins[theirs] = theirs, ours

    def batch(self, size: int, empty: torch.Tensor, pairs: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Places, latents and captions; some captions are the `empty` one. So many first ones are followed by their
        twins, of which the same is said or left unsaid."""
        chosen = places(size, self._held)
        variant = torch.bucketize(torch.rand(size, device=self.device), self._shares)
        left_out = torch.rand(size, device=self.device) < EMPTY_SHARE
        alike(pairs, chosen, variant, left_out)
        chosen[pairs : 2 * pairs] = self.twins[chosen[:pairs]]
        words = self.tokens[chosen, variant]
        return chosen, self.values[chosen].float(), torch.where(left_out[:, None], empty, words)


class Facts:
    """More of what is known of the scenes in `latents`, on the device as bytes, in their order."""

    def __init__(self, latents: Latents, *names: str) -> None:
        self.latents, self.count = latents, 0
        shapes = {name: (len(latents.values), *latents.store[name].shape[1:]) for name in names}
        self.values = {n: torch.empty(s, dtype=torch.uint8, device=latents.device) for n, s in shapes.items()}

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.values[name]

    def grow(self) -> None:
        self.latents.grow()
        new, place = self.latents.numbers[self.count : self.latents.count], slice(self.count, self.latents.count)
        for name, values in self.values.items():
            values[place] = torch.from_numpy(self.latents.store[name][new]).to(values.device)
        self.count = self.latents.count
