"""How a result appears on the map: under which name, and in which colours."""

from __future__ import annotations

from qgis.PyQt import sip

from ..i18n import tr
from .dataset import dataset_of
from .index import InGrey
from .pair import BesideInput
from .sequential import Sequential

# QGIS deletes a post-processor with the context of its run, but does not keep its Python half.
_styles = []


def show_result(path, source, label, context, *, cut, crs=None):
    """Let a super-resolved raster appear beside its input, as e.g. 'scene ×2 (hsisr-base)'.

    Parameters
    ----------
    source : what it was made of
    label : what QGIS would call the result; one that the user has named keeps that name
    cut : whether an extent was asked for
    crs : of the layer where it is not to have its file's
    """
    name = _name(path, source, cut)
    _show(path, name, label, BesideInput(_identifier(source), crs), context)


def show_uncertainty(path, source, label, context, *, cut, crs=None):
    """Let an uncertainty appear in shades, as e.g. 'scene ×2 (hsisr-base): uncertainty'."""
    name = f"{_name(path, source, cut)}: {tr('uncertainty')}"
    _show(path, name, label, Sequential(_identifier(source), crs), context)


def show_index(path, source, index, label, context):
    """Let an index of a result appear in grey, as e.g. 'scene ×2 (hsisr-base): ndvi'."""
    _show(path, f"{source.name}: {index}", label, InGrey(_identifier(source)), context)


def _identifier(source) -> str:
    return "" if source.shown is None else source.shown.identifier


def _name(path, source, cut) -> str:
    """Return the scene's name with factor and model, and that it is a part where it is."""
    upscale, model = _provenance(path)
    if not (upscale and model):
        return source.name
    part = f" {tr('part')}" if cut and not _is_whole(path, source.shown, int(upscale)) else ""
    return f"{source.name}{part} ×{upscale} ({model})"


def _is_whole(path, shown, upscale) -> bool:
    """Whether an extent that was asked for is all of what is shown."""
    dataset = dataset_of(path)
    size = dataset.RasterXSize, dataset.RasterYSize
    return size == (shown.cols * upscale, shown.rows * upscale)


def _provenance(path) -> tuple[str, str]:
    """Factor and model as the file tells them: 'default' there has become a name."""
    dataset = dataset_of(path)
    if dataset is None:
        return "", ""
    model = dataset.GetMetadataItem("HSISR_MODEL") or ""
    return dataset.GetMetadataItem("HSISR_UPSCALE") or "", model


def _show(path, name, label, style, context):
    if not context.willLoadLayerOnCompletion(path):
        return
    details = context.layerToLoadOnCompletionDetails(path)
    _styles[:] = [*(known for known in _styles if not sip.isdeleted(known)), style]
    details.setPostProcessor(style)
    if details.name in ("", label, details.outputName):  # no name that the user has given
        details.name = name
        details.forceName = True  # whatever the settings say of file names
