#!/usr/bin/env bash
# safetensors 0.8.0
#
# Expected: the same tensors with the same metadata give the same bytes, so that the hash of a model
#   file names its content; tensors are laid out in a fixed order.
# Behaviour: the order of the metadata's keys changes from one process to the next, and with it the
#   file's hash. A hash that is to name a model has to be of its sorted content.
# Seen: 4 processes, 4 hashes with eight keys; 1 hash without metadata
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==2.4.6
cd "$folder"
cat > save.py <<'PYTHON'
import hashlib
import sys

import numpy as np
from safetensors.numpy import save

metadata = {key: key for key in sys.argv[1]} or None
print(hashlib.sha256(save({"w": np.zeros(3, np.float32)}, metadata)).hexdigest())
PYTHON
hashes() { for _ in 1 2 3 4; do "$folder/venv/bin/python" save.py "$1"; done | sort -u | wc -l; }
"$folder/venv/bin/python" -c 'import safetensors; print("safetensors", safetensors.__version__)'
with=$(hashes abcdefgh) without=$(hashes "")
echo "4 processes, $with hashes with eight keys; $without hash without metadata"
test "$with" -gt 1 && test "$without" -eq 1 || { echo "the behaviour has changed"; exit 1; }
