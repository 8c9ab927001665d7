"""An assessment as a JSON object: every number of the page, and what it was made with."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from hsisr_geo._version import __version__
from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.no_reference import Check
from hsisr_geo.assessment.report.origin import blur_of, origin
from hsisr_geo.assessment.report.verdict import Verdict
from hsisr_geo.assessment.trial import Trial
from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.selection import in_water_vapour

FORMAT = 1
"""Version of the layout; what is removed or changes its meaning raises it."""

Record = dict[str, Any]


def to_record(found: Assessment, verdict: Verdict) -> Record:
    """Return the assessment as JSON has it: bands from 1, NaN and infinity as None."""
    single = len(found.truth.bands) == 1
    record: Record = _plain(
        {
            "format": FORMAT,
            "version": __version__,
            "verdict": asdict(verdict) | {"duels": [_duel(d) for d in verdict.duels]},
            "scene": _scene(found),
            "method": {
                "name": found.resolver.name,
                "upscale": found.resolver.upscale,
                **found.resolver.provenance(),
            },
            "protocol": {
                "degradation": found.resolver.degradation.name,
                "blur": blur_of(found.resolver),
                "window": _window(found.window),
                "coarse_shape": list(found.truth.coarse.shape),
                "compared_pixels": int(np.isfinite(found.truth.cube).any(axis=0).sum()),
                "data_range": found.truth.data_range,
            },
            "bands": _bands(found),
            "trials": [_trial(trial, found) for trial in found.trials],
            "indices": _indices(found),
            "spectra": _spectra(found),
            "checks_window": _window(found.real_window),
            "checks": [_check(check, single) for check in found.checks],
            "notes": list(notes(found)),
        }
    )
    return record


def notes(found: Assessment) -> list[str]:
    """Return what a reader should know before trusting the figures."""
    said = [*found.trials[-1].warnings, *found.checks[-1].warnings]
    rows, cols = found.truth.coarse.shape
    if rows * cols < 32 * 32:
        said.append(
            f"The degraded scene has {rows} × {cols} pixels only: differences of a few tenths of a "
            "decibel mean little."
        )
    if len(found.truth.bands) == 1:
        said.append("One band: a spectral angle has no meaning, and there are no spectra.")
    vapour = compared_in_water_vapour(found)
    if vapour:
        said.append(
            f"{len(vapour)} of the compared bands lie where water vapour lets no light through, "
            "and may hold nothing but noise, which no method can restore. --exclude water-vapour "
            "leaves them out; so does 'Keep bands in water vapour from the network' in QGIS."
        )
    missing = 1 - np.isfinite(found.truth.cube).any(axis=0).mean()
    if missing > 0.5:
        said.append(f"{100 * missing:.0f} % of the window are holes.")
    return list(dict.fromkeys(said))


def compared_in_water_vapour(found: Assessment) -> list[int]:
    """Return the compared bands within the water-vapour absorptions."""
    bands = found.source.bands
    return [i for i in found.truth.bands if in_water_vapour(bands[i].wavelength_nm)]


def _scene(found: Assessment) -> Record:
    source = found.source
    valid = np.isfinite(found.truth.cube).any(axis=0).mean()
    return {
        "file": os.path.basename(source.path),
        "rows": source.rows,
        "cols": source.cols,
        "bands": len(source.bands),
        "compared_bands": [i + 1 for i in found.truth.bands],
        "bad_bands": [i + 1 for i, band in enumerate(source.bands) if not band.good],
        "dtype": source.dtype,
        "unit": source.bands[found.truth.bands[0]].unit,
        **origin(source),
        "valid_share": float(valid),
        "noise_bands": [found.truth.bands[i] + 1 for i in found.truth.noise],
        "shown_bands": [i + 1 for i in found.truth.colors.bands],
        "shown_in_true_color": found.truth.colors.true,
    }


def _window(window: Window) -> Record:
    rows, cols = window
    return {
        "row": rows.start,
        "col": cols.start,
        "rows": rows.stop - rows.start,
        "cols": cols.stop - cols.start,
    }


def _duel(duel: Any) -> Record:
    record = asdict(duel)
    for key in ("bands_better", "bands_worse"):
        record[key] = [i + 1 for i in record[key]]
    return record


def _bands(found: Assessment) -> list[Record]:
    return [
        {"band": i + 1, "wavelength_nm": band.wavelength_nm, "good": band.good}
        for i, band in enumerate(found.source.bands)
    ]


def _trial(trial: Trial, found: Assessment) -> Record:
    scores = asdict(trial.scores)
    if len(found.truth.bands) == 1:
        scores["sam_deg"] = None  # the angle between two numbers says nothing
    return {
        "name": trial.name,
        **scores,
        "mpsnr_without_noise": _without_noise(trial, found),
        "sharpness": trial.sharpness,
        "consistency_rms": trial.consistency_rms,
        "consistency_relative": trial.consistency_relative,
        "values_cut": trial.values_cut,
        "seconds": trial.seconds,
    }


def _without_noise(trial: Trial, found: Assessment) -> float:
    """Return the mean PSNR over the bands that are not mostly noise."""
    psnr = np.delete(np.asarray(trial.scores.psnr), list(found.truth.noise))
    return float(np.mean(psnr[~np.isnan(psnr)])) if (~np.isnan(psnr)).any() else math.nan


def _indices(found: Assessment) -> list[Record]:
    """Return the indices that were compared: where from, their spread, every method's error."""
    return [
        {
            "name": truth.index.name,
            "title": truth.index.title,
            "unit": truth.index.unit,
            "bands": [found.truth.bands[band] + 1 for band in truth.bands],
            "share": truth.share,
            "standard_deviation": truth.spread,
            "errors": {trial.name: trial.index_errors[truth.index.name] for trial in found.trials},
        }
        for truth in found.truth.indices
    ]


def _check(check: Check, single: bool) -> Record:
    return {
        "name": check.name,
        "consistency_rms": check.consistency_rms,
        "consistency_relative": check.consistency_relative,
        "values_cut": check.values_cut,
        "angle_to_input_deg": None if single else check.angle_to_input_deg,
        "seams": None if check.seams is None else asdict(check.seams),
        "gradient_energy": check.gradient_energy,
        "outside": check.outside,
        "seconds": check.seconds,
    }


def _spectra(found: Assessment) -> list[Record]:
    """Return the shown spectra; positions are pixels of the scene, from 0."""
    rows, cols = found.window
    return [
        {
            "row": rows.start + e.row,
            "col": cols.start + e.col,
            "why": e.why,
            "original": found.truth.cube[:, e.row, e.col].tolist(),
            **{trial.name: trial.spectra[i].tolist() for trial in found.trials},
        }
        for i, e in enumerate(found.truth.exemplars)
    ]


def _plain(value: Any) -> Any:
    """Turn tuples into lists, and numbers that JSON does not have into None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
