"""Parameters of the dialogs that several algorithms have, and how one is made."""

from __future__ import annotations

from qgis.core import (
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from .. import widgets
from ..i18n import tr

WIDGETS = widgets.__name__  # QGIS imports a field by its name
FARTHEST = 1e300
OVERLAPS = ["keep", "vnir", "swir"]


def choice(name, description, options):
    """Enum whose values are its words, in scripts too; the first is the default."""
    return QgsProcessingParameterEnum(
        name, description, options=options, defaultValue=options[0], usesStaticStrings=True
    )


def yes_or_no(name, description):
    """Return a box that is off at first."""
    return QgsProcessingParameterBoolean(name, description, defaultValue=False)


def whole(name, description, default=None, **options):
    """Return a whole number, optional where it has no default."""
    kind = QgsProcessingParameterNumber.Type.Integer
    return _number(name, description, kind, default, options)


def decimal(name, description, default=None, **options):
    """Return a number, optional where it has no default."""
    kind = QgsProcessingParameterNumber.Type.Double
    # A field without ends stops at a thousand millions, and -3.4e38 would become "Not set" there.
    options = {"minValue": -FARTHEST, "maxValue": FARTHEST, **options}
    return _number(name, description, kind, default, options)


def _number(name, description, kind, default, options):
    if default is None:
        options["optional"] = True
    return QgsProcessingParameterNumber(name, description, kind, default, **options)


def text(name, description):
    """Return a text that may be empty."""
    return QgsProcessingParameterString(name, description, optional=True)


def advanced(parameter):
    """Fold the parameter away in the dialog."""
    parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def helped(parameter, words):
    """Give the parameter a help text: a tooltip, and what `qgis_process help` prints."""
    parameter.setHelp(words)
    return parameter


def raster(name, description):
    """Return a raster that goes in."""
    return helped(
        QgsProcessingParameterRasterLayer(name, description),
        tr(
            "A layer or a file. Of what QGIS does not show, such as PRISMA, EMIT, Zarr or the "
            "folder of a product, the path."
        ),
    )


def upscale():
    """Return UPSCALE, shown as pixel sizes."""
    factor = choice("UPSCALE", tr("Pixels become finer by"), ["2", "3", "4"])
    factor.setMetadata({"widget_wrapper": {"class": f"{WIDGETS}.pixel_size.PixelSizeWrapper"}})
    return helped(factor, tr("How many times finer the pixels become."))


def model_file():
    """Return MODEL_FILE, which goes before MODEL."""
    file = QgsProcessingParameterFile(
        "MODEL_FILE",
        tr("Model file, in place of the model chosen above"),
        fileFilter=tr("Model files") + " (*.safetensors)",
        optional=True,
    )
    return helped(file, tr("A model of your own, such as 'Adapt model to scene' writes."))


def texture():
    """Return DETAIL and SEED."""
    label = tr("Detail (0: most likely image, 1: sampled texture)")
    detail = decimal("DETAIL", label, 0.0, minValue=0.0, maxValue=1.0)
    detail.setMetadata({"widget_wrapper": {"decimals": 2}})
    seed = whole("SEED", tr("Seed"), 0, minValue=0)
    return [
        helped(detail, tr("Above 0 the network adds texture that the sensor did not see.")),
        helped(seed, tr("Chooses the texture; without effect at detail 0.")),
    ]


def extent():
    """Return EXTENT."""
    part = QgsProcessingParameterExtent("EXTENT", tr("Only this extent"), optional=True)
    return helped(part, tr("In any CRS; grown to whole pixels of the raster."))


def psf():
    """Return PSF."""
    blur = text("PSF", tr("The sensor's blur"))
    blur.setMetadata({"widget_wrapper": {"class": f"{WIDGETS}.blur.PsfWrapper"}})
    return helped(
        blur,
        tr(
            "What made the raster's pixels of finer ones: auto, bicubic, gaussian:MTF "
            "(gaussian:0.3 for an MTF of 0.3), or the path of a kernel file. Empty: auto."
        ),
    )


def water_vapour():
    """Return WATER_VAPOUR."""
    return helped(
        yes_or_no("WATER_VAPOUR", tr("Keep bands in water vapour from the network")),
        tr("1340–1445 and 1790–1955 nm, where they are noise: interpolated."),
    )


def wavelengths():
    """Return FROM_NM and TO_NM."""
    return [
        decimal("FROM_NM", tr("Only wavelengths from (nm)"), minValue=0),
        decimal("TO_NM", tr("Only wavelengths up to (nm)"), minValue=0),
    ]


def bands():
    """Return BANDS, EXCLUDE, DROP_BAD and OVERLAP."""
    return [
        helped(
            text("BANDS", tr("Only these bands (empty: all)")),
            tr("By number or wavelength, as in 1-50,60 or 450-900nm."),
        ),
        helped(
            text("EXCLUDE", tr("Bands to take for bad")),
            tr(
                "Never shown to the network, but interpolated; as above, and water-vapour "
                "(1340-1445 and 1790-1955 nm)."
            ),
        ),
        helped(
            yes_or_no("DROP_BAD", tr("Leave bad bands out")),
            tr("Else they are interpolated. Those to take for bad are among them."),
        ),
        helped(
            choice("OVERLAP", tr("Bands where two detectors measure"), OVERLAPS),
            tr("Of EnMAP and PRISMA at 900-1000 nm: both (keep), or those of one detector."),
        ),
    ]


def facts():
    """Return ORTHORECTIFY, NODATA and MASK_CLOUDS: how a file is to be read."""
    return [
        helped(
            yes_or_no("ORTHORECTIFY", tr("Put a swath on a map grid")),
            tr(
                "Of EMIT, PRISMA (L1, L2B, L2C), Tanager, PACE, HYPSO, AVIRIS, and any netCDF or "
                "Zarr with longitude and latitude of each pixel, by the lookup table or "
                "coordinates that come with them. Else the result stays in the geometry of the "
                "sensor."
            ),
        ),
        helped(decimal("NODATA", tr("Number for no data")), tr("Where the file does not say it.")),
        helped(
            yes_or_no("MASK_CLOUDS", tr("Take the maker's clouds for holes")),
            tr(
                "Of EnMAP, DESIS L2A, PRISMA L1, Tanager, EMIT and Wyvern, whose masks lie in or "
                "beside the file."
            ),
        ),
    ]


def valid_range():
    """Return VALID_MIN and VALID_MAX."""
    told = tr(
        "In the raster's units. Empty, both: nothing below zero where the raster has nothing "
        "there, and no spikes. One alone: the other end is open."
    )
    return [
        helped(decimal("VALID_MIN", tr("Least value of the result")), told),
        helped(decimal("VALID_MAX", tr("Largest value of the result")), told),
    ]


def again():
    """Return AGAIN."""
    return helped(
        yes_or_no("AGAIN", tr("Take the raster though it is a result already")),
        tr("Else it is refused: detail that was made up is no scene to start from."),
    )


def device():
    """Return DEVICE."""
    return helped(
        choice("DEVICE", tr("Where to compute"), ["auto", "cpu", "cuda"]),
        tr("auto: on the graphics card where there is a usable one."),
    )


def tile():
    """Return TILE."""
    label = tr("Tile size in input pixels (smaller needs less memory)")
    return whole("TILE", label, minValue=8)


def threads():
    """Return THREADS."""
    label = tr("Tiles computed at the same time")
    return helped(
        whole("THREADS", label, 1, minValue=1),
        tr("More is faster where there are processors for them, and takes more memory."),
    )
