"""A mosaic: a VRT that names GeoTIFF parts in a folder beside it, with all metadata of its own.

Parts can be copied, replaced and read one by one, and none outgrows a file system. The VRT is
ours because gdalbuildvrt leaves out what it does not know: band tags and descriptions.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET  # nosec B405 # reads what GDAL has just written

import rasterio
from affine import Affine

from hsisr_geo.bands.metadata import write_tags
from hsisr_geo.errors import OutputError
from hsisr_geo.output.formats.blocks import BlocksPart, for_each
from hsisr_geo.output.formats.dataset import create, sidecars, write_findings
from hsisr_geo.output.formats.format import Content, Format, as_stored
from hsisr_geo.output.formats.geotiff import GeoTiff
from hsisr_geo.raster.datasets import opening_quietly
from hsisr_geo.raster.raster import Raster

_PART_SIZE = "PARTSIZE"
_FOLDER_ENDING = ".parts"


class _Place(NamedTuple):
    """A part of the mosaic: where it lies, and its file in the folder."""

    rows: slice
    cols: slice
    name: str


@dataclass(frozen=True)
class Vrt:
    """A VRT over GeoTIFF parts.

    Parameters
    ----------
    creation : those of a GeoTIFF, for the parts, and PARTSIZE, their side in pixels (4096)
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "vrt"
    media_type = "application/xml"

    @property
    def block(self) -> int | None:
        """Side of a block, if it was asked for."""
        return self._tiff.block

    @property
    def _tiff(self) -> GeoTiff:
        return GeoTiff({n: value for n, value in self.creation.items() if n != _PART_SIZE})

    @property
    def _side(self) -> str:
        return self.creation.get(_PART_SIZE, "4096")

    def deep(self, bands: int) -> int:
        """Return that of a GeoTIFF."""
        return self._tiff.deep(bands)

    def stored(self, raster: Raster) -> Raster:
        """Return the raster with one nodata value, bands marked as colours."""
        return as_stored(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse what a GeoTIFF would, parts without whole blocks, and a folder of other things."""
        folder = self.files(path)[0]
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        if foreign := [p.name for p in inside if not p.name.startswith(f"{path.stem}_r")]:
            raise OutputError(
                f"{folder} holds more than parts ({foreign[0]}), and would be replaced as a whole: "
                "choose another name"
            )
        block = self.block or 256
        if not self._side.isdigit() or int(self._side) == 0 or int(self._side) % block:
            raise OutputError(f"{path}: {_PART_SIZE} must be a multiple of the block, {block}")
        self._tiff.check(path, replace(raster, shape=(1, 1)))

    def files(self, path: Path) -> list[Path]:
        """Return the folder and the VRT."""
        return [path.with_suffix(_FOLDER_ENDING), path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return GDAL's."""
        return sidecars(path)

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make parts, several at a time, and the VRT, which names them as they will be called."""
        folder, final = self.files(part)[0], self.files(file)[0]
        folder.mkdir()
        places = list(_places(content.raster, int(self._side), file.stem))

        def write(place: _Place) -> None:
            self._tiff.write(folder / place.name, file, _part_of(content, place))

        for_each(write, places, content.threads)
        documents, plain = _documents_apart(content)
        with closing(create(part, plain, {"driver": "VRT"})) as mosaic:
            write_findings(mosaic, plain)
        for place in places:  # last, as the tags are known last
            with opening_quietly(), rasterio.open(folder / place.name, "r+") as dataset:
                write_tags(dataset, content.raster.tags, content.tags)
        tree = ET.parse(part)  # nosec B314 # our own
        for number, band in enumerate(tree.getroot().iter("VRTRasterBand"), start=1):
            for place in places:
                band.append(_source(str(number), place, final.name, content))
        if content.needs_mask:
            tree.getroot().append(_mask(places, final.name, content))
        text = ET.tostring(tree.getroot(), encoding="unicode")
        part.write_text(text.replace("</VRTDataset>", f"{documents}</VRTDataset>"), "utf-8")


def _documents_apart(content: Content) -> tuple[str, Content]:
    """Return domains that hold XML as text of the VRT, and the content without them.

    They are put in as they stand: a parser would give their namespaces other names.
    """
    tags = content.raster.tags
    documents = "".join(
        f'<Metadata domain={_quoted(domain)} format="xml">{document}</Metadata>'
        for domain, items in tags.items() if domain.startswith("xml:")
        for document in items.values()
    )  # fmt: skip
    others = {domain: items for domain, items in tags.items() if not domain.startswith("xml:")}
    return documents, replace(content, raster=replace(content.raster, tags=others))


def _quoted(text: str) -> str:
    from xml.sax.saxutils import quoteattr  # nosec B406 # parses nothing; brings half of urllib

    return quoteattr(text)


def _places(raster: Raster, side: int, stem: str) -> Iterator[_Place]:
    """Cut a raster into parts, row by row; names tell the row and column of their corners."""
    digits = len(str(max(raster.shape)))
    for top in range(0, raster.rows, side):
        for left in range(0, raster.cols, side):
            rows = slice(top, min(top + side, raster.rows))
            cols = slice(left, min(left + side, raster.cols))
            yield _Place(rows, cols, f"{stem}_r{top:0{digits}}_c{left:0{digits}}.tif")


def _part_of(content: Content, place: _Place) -> Content:
    """Return a part as a raster of its own, without what is known only of the whole."""
    raster, corner = content.raster, (place.cols.start, place.rows.start)
    shape = place.rows.stop - place.rows.start, place.cols.stop - place.cols.start
    part = replace(raster, gcps=(), gcp_crs=None, rpcs=None, shape=shape, tags={})
    if raster.has_transform:
        part = replace(part, transform=raster.transform @ Affine.translation(*corner))
    return Content(part, BlocksPart(content.blocks, place.rows, place.cols), {})


def _source(band: str, place: _Place, folder: str, content: Content) -> ET.Element:
    """Return what GDAL reads a part by; what it says of the part spares opening it first."""
    source = ET.Element("SimpleSource")
    # A slash on every system: GDAL takes it everywhere, and the folder can be moved to another.
    ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = f"{folder}/{place.name}"
    ET.SubElement(source, "SourceBand").text = band
    width, height = place.cols.stop - place.cols.start, place.rows.stop - place.rows.start
    block = str(content.blocks.block)
    ET.SubElement(
        source, "SourceProperties", RasterXSize=str(width), RasterYSize=str(height),
        DataType="Byte" if band.startswith("mask") else _GDAL_TYPES[content.raster.dtype],
        BlockXSize=block, BlockYSize=block,
    )  # fmt: skip
    corners = {"SrcRect": (0, 0), "DstRect": (place.cols.start, place.rows.start)}
    for name, (left, top) in corners.items():
        ET.SubElement(
            source, name, xOff=str(left), yOff=str(top), xSize=str(width), ySize=str(height)
        )
    return source


def _mask(places: list[_Place], folder: str, content: Content) -> ET.Element:
    mask = ET.Element("MaskBand")
    band = ET.SubElement(mask, "VRTRasterBand", dataType="Byte")
    for place in places:
        band.append(_source("mask,1", place, folder, content))
    return mask


_GDAL_TYPES = {
    "uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32",
    "int32": "Int32", "uint64": "UInt64", "int64": "Int64", "float32": "Float32",
    "float64": "Float64",
}  # fmt: skip

_: type[Format] = Vrt
