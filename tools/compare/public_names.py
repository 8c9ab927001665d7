"""Print what Python users have of the installed version: names, parameters, and one result each.

Run by `compare_versions` with either version; it imports what the documentation promises alone.
"""

import inspect
import sys
import warnings
from hashlib import sha256

import hsisr_geo

LAZY = sorted({"numpy", "rasterio", "torch"} & set(sys.modules))


def main() -> None:
    """Print all that must stay the same."""
    warnings.simplefilter("ignore")
    print("imported at once:", LAZY)
    for name in sorted(hsisr_geo.__all__):
        value = getattr(hsisr_geo, name)
        print(name, type(value).__name__, *_parameters(value))
    _documented_paths()
    _accessor(sys.argv[1])


def _parameters(value: object) -> list[str]:
    """Names and defaults; not the annotations, as these name modules."""
    if not callable(value):
        return [repr(value)]
    if isinstance(value, type) and issubclass(value, Exception):
        return [base.__name__ for base in value.__mro__]
    parameters = inspect.signature(value).parameters.values()
    return [f"{p.kind.name} {p.replace(annotation=inspect.Parameter.empty)}" for p in parameters]


def _documented_paths() -> None:
    from hsisr_geo.cli.rio import hsisr

    from hsisr_geo.assessment import assess
    from hsisr_geo.metrics import evaluate
    from hsisr_geo.raster import open_raster

    print([found.__name__ for found in (assess, evaluate, open_raster)], hsisr.name)


def _accessor(path: str) -> None:
    import hsisr_geo.xarray

    scene = hsisr_geo.xarray.open_dataarray(path)
    fine = scene.hsisr.super_resolve(upscale=2, model="bicubic").compute()
    print(fine.dims, fine.shape, fine.dtype, sorted(fine.coords), sorted(fine.attrs))
    print(sha256(fine.values.tobytes()).hexdigest())


if __name__ == "__main__":
    main()
