"""`PlainSpectralNet`: encoder or decoder of spectra as four products of matrices, in NumPy.

The residual network of `autoencoder.SpectralNet`, its additions folded into the weights. What each
layer reads, the input and all hidden layers before it, lies in neighbouring rows of one buffer:

    | |a_depth| ... |a_1| | 1 | input | last |

so a layer is one product, bias and residual sums included. Of leaky ReLUs between, 0.505 a +
0.495 |a|, only |a| is kept: the rest is linear in what is there already.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.model import images

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]

SLOPE = 0.01  # of all leaky ReLUs
BENT, STRAIGHT = (1 - SLOPE) / 2, (1 + SLOPE) / 2
_STEP = 0.1  # of a residual block


@dataclass(frozen=True, eq=False)
class PlainSpectralNet:
    """Products of one net: (channels_in, sample) -> (channels_out, sample).

    Attributes
    ----------
    hidden
        Matrices (width, row of the buffer) of the layers, the last one's at the end.
    out
        Matrix (channels_out, 1 + channels_in + width).
    """

    hidden: tuple[Floats, ...]
    out: Floats

    @classmethod
    def of(cls, weights: Weights, prefix: str) -> "PlainSpectralNet":
        """Fold the weights of a module, e.g. `autoencoder.encoder.`; products in double."""

        def matrix(name: str) -> NDArray[np.float64]:
            weight = weights[f"{prefix}{name}.weight"]
            return weight.reshape(weight.shape[:2]).astype(np.float64)

        def affine(name: str) -> NDArray[np.float64]:
            """Bias and weight, for a one on top of the input."""
            return np.hstack([weights[f"{prefix}{name}.bias"][:, None], matrix(name)])

        state, layers = affine("head"), []  # state: what enters a block, by the rows that are there
        one = -state.shape[1]  # column of the bias, from the end
        depth = sum(name.startswith(f"{prefix}blocks.") for name in weights) // 4
        for block in range(depth):
            expand, project = affine(f"blocks.{block}.expand"), affine(f"blocks.{block}.project")
            layer = expand[:, 1:] @ state
            layer[:, one] += expand[:, 0]
            state = state + _STEP * STRAIGHT * project[:, 1:] @ layer
            state[:, one] += _STEP * project[:, 0]
            state = np.hstack([_STEP * BENT * project[:, 1:], state])
            layers.append(layer)
        linear, tail = matrix("linear"), affine("tail")
        out = np.hstack([tail[:, :1], linear, tail[:, 1:]])
        return cls(tuple(images.single(m) for m in (*layers, state)), images.single(out))

    @property
    def channels_in(self) -> int:
        """Rows of the input."""
        return int(self.hidden[0].shape[1]) - 1

    @property
    def rows(self) -> int:
        """Rows of the buffer."""
        return int(self.hidden[-1].shape[1]) + len(self.hidden[-1])

    def buffer(self, samples: int) -> Floats:
        """Return a buffer for so many samples, its ones set."""
        made = np.empty((self.rows, samples), np.float32)
        made[self._first - 1] = 1
        return made

    def input(self, buffer: Floats) -> Floats:
        """Return the rows (channels_in, sample) of a buffer that the input goes into."""
        return buffer[self._first : self._first + self.channels_in]

    @property
    def _first(self) -> int:
        return self.rows - len(self.hidden[-1]) - self.channels_in

    def run(self, buffer: Floats) -> Floats:
        """Return (channels_out, sample) of what lies in a buffer's input."""
        end = self._first + self.channels_in
        *hidden, last = self.hidden
        start = self._first - 1
        for matrix in hidden:
            layer = buffer[start - len(matrix) : start]
            np.matmul(matrix, buffer[start:end], out=layer)
            np.abs(layer, out=layer)
            start -= len(matrix)
        layer = buffer[end:]
        np.matmul(last, buffer[start:end], out=layer)
        np.maximum(layer, layer * np.float32(SLOPE), out=layer)
        made: Floats = self.out @ buffer[self._first - 1 :]
        return made
