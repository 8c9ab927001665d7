"""The rate at which this machine does a model's work: learnt from runs, and kept between them.

A small file in the user's cache folder, or in the folder that `HSISR_GEO_CACHE` names; an empty
name keeps nothing. It decides what a run says beforehand, and nothing else.
"""

import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from statistics import median

from hsisr_geo.errors import OutputError
from hsisr_geo.files import drafted
from hsisr_geo.resolver.protocol import PartResolver

VARIABLE = "HSISR_GEO_CACHE"
_KEPT = 5  # of the last runs of a kind: their median bears a run beside other work
_LEAST_S = 2.0  # shorter ones tell of starting up


def kept_rate(resolver: PartResolver, samples: int | None = None) -> float | None:
    """Return the work (`Cost.work`) of a second that runs of this kind did; None without any."""
    rates = _read().get(_kind(resolver, samples))
    return median(rates) if rates else None


def keep_rate(resolver: PartResolver, samples: int | None, work: float, seconds: float) -> None:
    """Learn from a run; where nothing can be written, nothing is kept."""
    file = _file()
    if file is None or seconds < _LEAST_S:
        return
    with suppress(OSError, OutputError):
        file.parent.mkdir(parents=True, exist_ok=True)
        rates, kind = _read(), _kind(resolver, samples)
        rates[kind] = [*rates.get(kind, []), work / seconds][-_KEPT:]
        with drafted(file) as draft:
            draft.write_text(json.dumps(rates, indent=1), encoding="utf-8")


def _file() -> Path | None:
    folder = os.environ.get(VARIABLE)
    if folder is None:
        from platformdirs import user_cache_dir

        folder = user_cache_dir("hsisr-geo", appauthor=False)
    return Path(folder) / "rates.json" if folder else None


def _read() -> dict[str, list[float]]:
    """Return what is kept; nothing where that cannot be read, or is not ours."""
    file = _file()
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file else {}
        return {str(kind): [float(rate) for rate in rates] for kind, rates in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _kind(resolver: PartResolver, samples: int | None) -> str:
    """Name what runs have to have in common: machine, processors, arithmetic, network, dial."""
    told = resolver.provenance()
    return " ".join(
        (
            f"{platform.node()}/{os.cpu_count()}/{os.environ.get('OMP_NUM_THREADS', 'all')}",
            told.get("backend", "torch"),
            told.get("precision", "float32"),
            resolver.name,
            f"x{resolver.upscale}",
            f"on {resolver.places} {'processor' if resolver.on_cpu else 'gpu'}",
            "samples" if samples or float(told.get("detail", 0)) else "best",
        )
    )
