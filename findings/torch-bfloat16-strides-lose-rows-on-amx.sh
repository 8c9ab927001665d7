#!/usr/bin/env bash
# torch 2.13.0 (oneDNN inside it), on x86 processors with AMX (Sapphire Rapids and later)
#
# Expected: a convolution of bfloat16 gives that of float32, rounded; sums of ones up to 256 to the digit. On every
#   processor: nothing is asked for, `torch.autocast("cpu")` is enough to get there.
# Behaviour: where the kernel is as large as the stride, 4 x 4 of 16 channels (a common way to make an image four times
#   smaller), AMX's kernel sums half of the pixels. Of ones it makes 128 for 256; of real images, numbers that have
#   next to nothing to do with the convolution, so that a network learns them, and is worse by them on any other
#   processor. 8 and 32 channels at 4 x 4, and 16 at 2 x 2 and 3 x 3, are right; 8 x 8 of 16 is not. PyTorch's
#   issue 169688 (still open in November 2026) has a stride of 3. No warning.
# Seen: 128.0 for 256 with AMX, 256.0 when oneDNN is told to leave AMX alone (ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16).
set -eu
grep -qs amx_bf16 /proc/cpuinfo || { echo "NOT SHOWN: this processor has no AMX"; exit 0; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 numpy==2.4.6
cat > "$folder/sums.py" <<'PYTHON'
import torch
from torch.nn.functional import conv2d


def sums(size, channels, dtype):
    """Sums of size x size pixels of ones."""
    ones = torch.ones(1, channels, 24, 24, dtype=dtype)
    with torch.inference_mode():
        found = conv2d(ones, torch.ones(16, channels, size, size, dtype=dtype), stride=size).unique()
    assert len(found) == 1
    return float(found)


print(*(sums(4, channels, dtype) for channels in (8, 16, 32) for dtype in (torch.float32, torch.bfloat16)))
PYTHON
python="$folder/venv/bin/python -W ignore $folder/sums.py"
with=$($python) without=$(ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 $python)
echo "sums of 4 x 4 pixels of 8, 16, 32 channels of ones, each in float32 and in bfloat16"
echo "with AMX:    $with"
echo "without AMX: $without"
[ "$with" = "128.0 128.0 256.0 128.0 512.0 512.0" ] || { echo "the behaviour has changed"; exit 1; }
[ "$without" = "128.0 128.0 256.0 256.0 512.0 512.0" ] || { echo "the behaviour has changed"; exit 1; }
