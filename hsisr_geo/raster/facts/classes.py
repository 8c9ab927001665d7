"""Signs that a dataset's numbers are names: class names, or one bit a pixel."""

from typing import Any

from hsisr_geo.raster.facts.vrt_copy import vrt_of

_FEW = 8  # bands; a cube of more holds no classes, and asking GDAL takes time for each


def tell_classes(dataset: Any) -> str:
    """Return what tells that an open dataset holds classes or a mask; "" where nothing does."""
    if dataset.driver == "ENVI":
        kind = dataset.tags(ns="ENVI").get("file_type", "")
        if "classification" in kind.lower():
            return str(kind)
    if dataset.count > _FEW or any(kind[0] not in "iu" for kind in dataset.dtypes):
        return ""
    for number in dataset.indexes:
        if dataset.tags(number, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
            return f"band {number} has one bit a pixel"
    names = _category_names(dataset)
    return f"class names {', '.join(names[:3])} …" if names else ""


def _category_names(dataset: Any) -> list[str]:
    """Return GDAL's category names, which rasterio does not hand out."""
    tree = vrt_of(dataset)
    found = () if tree is None else tree.iter("Category")
    return [item.text or "" for item in found if (item.text or "").strip()]
