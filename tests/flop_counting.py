"""Whether this torch counts what is computed in inference mode: older ones do not."""

import pytest
import torch


def counts_in_inference_mode():
    from torch.utils.flop_counter import FlopCounterMode  # seconds: torch's compiler with it

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        torch.ones(2, 2) @ torch.ones(2, 2)
    return counter.get_total_flops() > 0


needs_counting = pytest.mark.usefixtures("counting")
