"""The variables of a file that are its cube: one with bands, or one for each band."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.errors import RasterError, some_of
from hsisr_geo.raster.products.cf.axes import Axes, axes_of, spatial_order, unnamed_dims

_NUMBERED = re.compile(r"(?P<stem>.*?)_?(?P<number>\d+(?:[._]\d+)?)(?P<end>[a-zA-Z]?|_?nm)")
_ALL = "*"  # at the end of a name: all variables that are named so but for a number
_RIVAL = 2  # times as many variables has the largest family, at most, beside one like it
_FEWER = 2  # times fewer bands than rows and columns, where no name tells the axes apart


@dataclass(frozen=True)
class Cube:
    """Variables of a group that are the cube of a file.

    Attributes
    ----------
    group : of the file, "" for its root
    variables : one with bands, or one for each band
    axes : names of their dimensions; band is "" where variables are bands
    note : on what was guessed
    """

    group: str
    dataset: Any
    variables: tuple[str, ...]
    axes: Axes
    note: str = ""

    @property
    def first(self) -> Any:
        """The first variable, or the only one, an xarray one."""
        return self.dataset[self.variables[0]]


def find_cube(groups: Mapping[str, Any], path: Path, wanted: str = "") -> Cube | None:
    """Find the cube of a file; None where names and coordinates tell of none.

    Parameters
    ----------
    groups : the datasets of a file, by the names of their groups
    wanted : "group/variable", as GDAL writes it: only that one counts; "group/rhos_*" stands for
        the variables that are named so but for a number, as the bands of one cube

    Raises
    ------
    RasterError : several cubes of one size; axes without names that may be any
    """
    numeric = [
        (group, dataset, variable)
        for group, dataset in groups.items()
        for variable in (*dataset.data_vars.values(), *_taken_for_coordinates(dataset))
        if variable.dtype.kind in "iuf" and variable.ndim >= 2
        and (not wanted or _same(f"{group}/{variable.name}", wanted))
    ]  # fmt: skip
    found = [(g, d, v, axes) for g, d, v in numeric if (axes := axes_of(v)) is not None]
    cubes = [item for item in found if item[3][0]]
    if cubes:
        return _largest(cubes, path)
    if wanted.endswith(_ALL) and not found:
        raise RasterError(f"{path} has no variables that are named {wanted}")
    if wanted and not wanted.endswith(_ALL):
        return _unnamed(numeric, groups, path) if not found else None
    return _stack(found, path) or (_unnamed(numeric, groups, path) if not found else None)


def _taken_for_coordinates(dataset: Any) -> list[Any]:
    """Return variables that have the name of one of their axes, but are no coordinate of it."""
    return [c for c in dataset.coords.values() if c.ndim == 3]


def _same(name: str, wanted: str) -> bool:
    name, wanted = (text.strip("/").replace(" ", "_") for text in (name, wanted))
    if not wanted.endswith(_ALL):
        return name == wanted
    match = _NUMBERED.fullmatch(name)
    return match is not None and match["stem"].lower() == _stem(wanted)


def _stem(wanted: str) -> str:
    return wanted.removesuffix(_ALL).rstrip("_").lower()


def _largest(cubes: Sequence[tuple[str, Any, Any, Axes]], path: Path) -> Cube:
    most = max(variable.size for _, _, variable, _ in cubes)
    largest = [item for item in cubes if item[2].size == most]
    if len(largest) > 1:
        names = ", ".join(str(item[2].name) for item in largest)
        group, _, variable, _ = largest[0]
        one = _as_gdal_names(path, group, str(variable.name))
        raise RasterError(f"{path} has several cubes of one size ({names}): name one, e.g. {one}")
    group, dataset, variable, axes = largest[0]
    return Cube(group, dataset, (str(variable.name),), axes)


def _as_gdal_names(path: Path, group: str, variable: str) -> str:
    inside = f"{group}/{variable}" if group else variable
    if path.is_dir():
        return f'ZARR:"{path}":/{inside}'
    return f'NETCDF:"{path}":{"/" if group else ""}{inside}'


def _stack(found: Sequence[tuple[str, Any, Any, Axes]], path: Path) -> Cube | None:
    """Take variables that are named alike but for a number for the bands of one raster.

    Raises
    ------
    RasterError : several such families
    """
    families: dict[tuple[Any, ...], list[tuple[float, str, Any]]] = {}
    datasets = {}
    for group, dataset, variable, axes in found:
        match = _NUMBERED.fullmatch(str(variable.name))
        if match:
            key = group, match["stem"].lower(), axes, variable.shape, variable.dtype
            number = float(match["number"].replace("_", "."))
            families.setdefault(key, []).append((number, str(variable.name), variable))
            datasets[key] = dataset
    ranked = sorted(families.items(), key=lambda item: -len(item[1]))
    if not ranked or len(ranked[0][1]) < 2:
        return None
    _check_only(ranked, path)
    key, members = ranked[0]
    names = tuple(name for _, name, _ in sorted(members, key=lambda m: (m[0], m[1])))
    left = [str(v.name) for _, _, v, _ in found if str(v.name) not in names]
    note = f"its variables {names[0]} to {names[-1]} are taken as {len(names)} bands"
    return Cube(key[0], datasets[key], names, key[2], _with_left_out(note, left))


def _check_only(ranked: Sequence[tuple[tuple[Any, ...], Sequence[Any]]], path: Path) -> None:
    """Refuse to choose between families that may both be the cube, and say how to choose.

    ACOLITE has rhot_* of every band, at the top of the atmosphere, and rhos_* of most.
    """
    least = max(2, len(ranked[0][1]) / _RIVAL)
    rivals = [key for key, members in ranked if len(members) >= least]
    if len(rivals) == 1:
        return
    names = [f"{match['stem']}_{_ALL}" for key, members in ranked if key in rivals
             and (match := _NUMBERED.fullmatch(members[0][1]))]  # fmt: skip
    raise RasterError(
        f"{path} has several cubes, each of variables that are bands ({', '.join(names)}): name "
        f"one, e.g. {_as_gdal_names(path, rivals[-1][0], names[-1])}"
    )


def _with_left_out(note: str, left: Sequence[str]) -> str:
    if not left:
        return note
    return f"{note}; {some_of(left, 4)} are not"


def _unnamed(
    numeric: Sequence[tuple[str, Any, Any]], groups: Mapping[str, Any], path: Path
) -> Cube | None:
    """Tell the axes of a cube without names by the number of wavelengths, or by their lengths."""
    cubes = [(g, d, v) for g, d, v in numeric if unnamed_dims(v)]
    if len(cubes) != 1:
        return None
    group, dataset, variable = cubes[0]
    dims = unnamed_dims(variable)
    by_length = {variable.sizes[d]: d for d in dims if _only(variable, dims, d)}
    told = {n for n in _numbers_of_wavelengths(groups, variable) if n in by_length}
    name = (str(variable.name),)
    if len(told) == 1 and (axes := spatial_order(variable, by_length[told.pop()])):
        return Cube(group, dataset, name, axes)
    few = min(dims, key=lambda d: variable.sizes[d])
    rest = [variable.sizes[d] for d in dims if d != few]
    axes = spatial_order(variable, few)
    if axes is None or few == dims[1] or variable.sizes[few] * _FEWER > min(rest):
        shape = " x ".join(str(variable.sizes[d]) for d in dims)
        raise RasterError(
            f"{path}: the axes of {name[0]} ({shape}) have no names, and which are the bands does "
            "not follow from their lengths: write it with names, e.g. xarray.DataArray(cube, "
            'dims=("y", "x", "wavelength")).to_netcdf("cube.nc", engine="h5netcdf")'
        )
    place = "first" if few == dims[0] else "last"
    note = f"the axes of {name[0]} have no names: the {place} and shortest is taken as its bands"
    return Cube(group, dataset, name, axes, note)


def _only(variable: Any, dims: Sequence[str], dim: str) -> bool:
    return [variable.sizes[d] for d in dims].count(variable.sizes[dim]) == 1


def _numbers_of_wavelengths(groups: Mapping[str, Any], variable: Any) -> set[int]:
    """Return how many numbers each thing has that is called wavelengths."""
    things = {**variable.attrs}
    for dataset in groups.values():
        things |= {str(n): v for n, v in dataset.variables.items() if v.ndim == 1}
    return {int(np.size(value)) for name, value in things.items() if "wavelength" in name.lower()}
