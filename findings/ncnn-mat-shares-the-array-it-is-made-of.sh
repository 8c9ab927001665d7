#!/usr/bin/env bash
# ncnn 1.0.20261020
#
# Expected: `ncnn.Mat(array)` is a matrix of its own, as `torch.tensor(array)` is; or it shares the
#   array's memory and keeps the array alive, as `torch.from_numpy(array)` does.
# Behaviour: it shares the memory (what is written to the array later is in the matrix) and holds no
#   reference to the array, so that a matrix of a temporary array has nothing to stand on as soon as
#   the temporary is gone. `Mat(array).clone()` is a matrix of its own.
# Seen: after writing 7: shared [7.0, 7.0], clone [0.0, 1.0], references to the array +0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ncnn==1.0.20261020 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import ncnn
import numpy as np

print("ncnn", ncnn.__version__)
array = np.arange(2, dtype=np.float32)
before = sys.getrefcount(array)
shared = ncnn.Mat(array)
more = sys.getrefcount(array) - before
own = shared.clone()
array[:] = 7
found = [np.array(matrix).tolist() for matrix in (shared, own)]
print(f"after writing 7: shared {found[0]}, clone {found[1]}, references to the array +{more}")
assert found == [[7, 7], [0, 1]], "the behaviour has changed"
assert more == 0, "the behaviour has changed"
PYTHON
