"""The scenes in folders: what `open_raster` takes, found by names and content."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.products.recognise import is_product_folder

ENDINGS = (
    ".tif", ".tiff", ".vrt", ".bsq", ".bil", ".bip", ".img", ".dat", ".jp2",
    ".nc", ".nc4", ".h5", ".he5", ".hdf5", ".zarr", ".dim", ".levels",
)  # fmt: skip
"""What a folder is looked through for, besides whatever has an ENVI header beside it."""
_ZIPPED = ".zarr.zip"


def find_scenes(sources: Sequence[str], pattern: str | None = None) -> list[str]:
    """Return the scenes that are named, and those in the folders that are named, each once.

    Parameters
    ----------
    sources : scenes, in the order of the result, and folders; a source that is neither, and no
        pattern that some match, is taken for a scene, as GDAL's own names are
    pattern : of file names in folders, e.g. "*_REFL.tif", or "**/*.tif" for folders below, too;
        None for the usual endings of rasters

    Raises
    ------
    RasterError : a folder holds no scene
    OptionError : not a pattern; an empty name, which would be that of the folder one is in
    """
    if "" in sources:
        raise OptionError("a scene has an empty name: is a variable not set?")
    found: dict[str, str] = {}
    for source in (name for given in sources for name in _matching(given)):
        folder = Path(source)
        scenes = _in(folder, pattern) if _is_folder(folder) else [source]
        for scene in scenes:
            found.setdefault(os.path.realpath(scene), scene)
    return list(found.values())


def stem(path: Path) -> str:
    """Return the name of a scene without its ending; in `scene.v2_rfl` a dot is none."""
    name = path.name[: -len(".zip")] if path.name.lower().endswith(_ZIPPED) else path.name
    plain = Path(name)
    return plain.stem if plain.suffix.lower() in ENDINGS else name


def _matching(source: str) -> list[str]:
    """Return what a pattern that no shell has expanded stands for, else the source as it is."""
    if os.path.lexists(source) or not glob.has_magic(source):
        return [source]
    return sorted(glob.glob(source, recursive=True)) or [source]


def _is_folder(path: Path) -> bool:
    """Whether scenes are to be looked for in it; names of GDAL may be longer than a path can be."""
    return os.path.isdir(path) and not _is_scene(path)


def _is_scene(path: Path) -> bool:
    if path.is_dir():
        return path.suffix.lower() == ".zarr" or is_product_folder(path)
    return path.is_file() or _leads_nowhere(path)


def _leads_nowhere(path: Path) -> bool:
    """Whether it is a link without an end: a scene that is missing, which is to be told."""
    return path.is_symlink() and not path.exists()


def _in(folder: Path, pattern: str | None) -> list[str]:
    try:
        inside = sorted(folder.iterdir() if pattern is None else folder.glob(pattern))
    except (NotImplementedError, ValueError) as e:
        raise OptionError(f"{pattern!r} is no pattern of file names: {e}") from e
    scenes = [
        str(path)
        for path in inside
        if _is_scene(path)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and (pattern is not None or _looks_like_a_scene(path))
    ]
    if not scenes:
        known = f"no file that matches {pattern!r}" if pattern else "no file with a known ending"
        raise RasterError(f"{folder}: {known}: name the scenes, or say what to take by --pattern")
    return scenes


def _looks_like_a_scene(path: Path) -> bool:
    return (
        path.is_dir()
        or path.name.lower().endswith((*ENDINGS, _ZIPPED))
        or path.with_name(path.name + ".hdr").is_file()
    )
