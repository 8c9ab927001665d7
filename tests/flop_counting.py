"""Whether this torch counts what is computed in inference mode: older ones do not."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode


def counts_in_inference_mode():
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        torch.ones(2, 2) @ torch.ones(2, 2)
    return counter.get_total_flops() > 0


needs_counting = pytest.mark.skipif(
    not counts_in_inference_mode(), reason="this torch counts nothing in inference mode"
)
