"""What stands around a CF cube: its group and those above, its grid mapping, its coordinates."""

from collections.abc import Mapping
from typing import Any

from hsisr_geo.raster.products.cf.cube import Cube

Groups = Mapping[str, Any]


def around(cube: Cube, groups: Groups) -> list[Any]:
    """Return the cube's group and those above it: names are looked for there, says CF 1.8, §2.7."""
    parts = cube.group.strip("/").split("/")
    above = ("/".join(parts[:i]) for i in range(len(parts) - 1, -1, -1))
    return [cube.dataset, *(groups[name] for name in above if name in groups)]


def grid_mapping(cube: Cube, groups: Groups) -> Mapping[str, Any]:
    """Return the attributes of a cube's grid mapping, {} without one."""
    name = names_mapping(cube)
    names = [name.split(":")[0].strip().rpartition("/")[2]] if name else ["spatial_ref", "crs"]
    near = around(cube, groups)
    found = next((d.variables[n] for d in near for n in names if n in d.variables), None)
    if found is None:  # xarray drops the name of one that stands above the group
        ones = [v for d in near for v in d.variables.values() if v.ndim == 0 and _maps(v.attrs)]
        found = ones[0] if len(ones) == 1 else None
    return {} if found is None else dict(found.attrs)


def names_mapping(cube: Cube) -> str:
    """Return what a cube calls its grid mapping, "" where it names none."""
    told = (about.get("grid_mapping") for about in (cube.first.attrs, cube.first.encoding))
    return str(next(filter(None, told), ""))


def _maps(attributes: Mapping[str, Any]) -> bool:
    return any(key in attributes for key in ("grid_mapping_name", "crs_wkt", "spatial_ref"))


def coordinate_of(cube: Cube, groups: Groups, dim: str) -> Any:
    """Return the numbers along an axis, of the cube's group or of one above; None without."""
    size = cube.first.sizes[dim]
    for dataset in around(cube, groups):
        found = dataset.variables.get(dim)
        if found is not None and found.dims == (dim,) and found.size == size:
            return found if found.dtype.kind in "iuf" else None
    return None
