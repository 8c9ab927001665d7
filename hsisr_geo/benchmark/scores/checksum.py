"""Bicubic rows of the papers: who gets them again has their data, scaled, cut and degraded alike.

Interpolation has nothing to train. So its scores depend on data and protocol only, and a deviation
tells that one of them is another before any network is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import fmean

from hsisr_geo.benchmark.data.known_sets import KNOWN_SETS, known_set
from hsisr_geo.benchmark.data.protocols import DMGASR, SSPSR, Protocol
from hsisr_geo.benchmark.data.sources import find_sources
from hsisr_geo.benchmark.scores.score import ScoreRow, score
from hsisr_geo.benchmark.settings import ALL
from hsisr_geo.benchmark.tables.published_tables import bicubic_row
from hsisr_geo.errors import OptionError
from hsisr_geo.resolver.catalogue import BICUBIC

PSNR_TOLERANCE = 0.05
SAM_TOLERANCE = 0.02
"""dB and degrees: more than rounding and another order of sums, less than another border or cut."""


@dataclass(frozen=True)
class Means:
    """Scores as tables print them; None where a paper does not."""

    mpsnr: float
    mssim: float
    sam: float
    ergas: float
    cc: float | None = None
    rmse: float | None = None


@dataclass(frozen=True)
class Published:
    """The bicubic row of a paper.

    Attributes
    ----------
    known_set
        Name of the data set.
    division_known
        Whether the paper says which pixels it tested on. If not, the row stands beside ours, and
        nothing follows from a difference.
    """

    protocol: Protocol
    known_set: str
    upscale: int
    means: Means
    division_known: bool = False


@dataclass(frozen=True)
class Checked:
    """A published row beside what was measured; None where the files were not at hand.

    Attributes
    ----------
    agrees
        Within the tolerances; None if nothing was measured.
    """

    published: Published
    measured: Means | None

    @property
    def agrees(self) -> bool | None:
        """Whether measured and published row are the same."""
        if self.measured is None:
            return None
        told = self.published.means
        psnr, sam = abs(self.measured.mpsnr - told.mpsnr), abs(self.measured.sam - told.sam)
        return psnr <= PSNR_TOLERANCE and sam <= SAM_TOLERANCE

    def __str__(self) -> str:
        """Say in one line what was found."""
        row, told = self.published, self.published.means
        title = KNOWN_SETS[row.known_set].title
        line = f"{title} ×{row.upscale}, protocol {row.protocol.name}: bicubic "
        paper = f"{told.mpsnr:g} dB / {told.sam:g}° published"
        if self.measured is None:
            return f"{line}{paper}; not verified: its files are not at hand"
        line += f"{self.measured.mpsnr:.3f} dB / {self.measured.sam:.3f}°, {paper}; "
        if self.agrees:
            return f"{line}the same"
        if row.division_known:
            return f"{line}NOT THE SAME: other data, or another protocol"
        return f"{line}not the same, but which pixels the paper tested on is not known"


PUBLISHED: tuple[Published, ...] = (
    Published(SSPSR, "chikusei", 4, Means(37.638, 0.8949, 3.404, 6.756, 0.9212, 0.0156), True),
    Published(SSPSR, "pavia", 4, Means(27.587, 0.6961, 6.140, 6.881)),
    *(
        Published(DMGASR, known, upscale, Means(**bicubic_row(scene, upscale)))
        for known, scene in (("pavia", "PaviaC"), ("chikusei", "Chikusei"), ("harvard", "Harvard"))
        for upscale in (2, 3, 4)
    ),
)
"""SSPSR's from its repository, DMGASR's from the paper's tables 1 and 2."""


def find_published(protocol: Protocol, known: str, upscale: int) -> Published | None:
    """Return the row of a data set, None where no paper has one."""
    asked = protocol.name, known, upscale
    rows = (row for row in PUBLISHED if (row.protocol.name, row.known_set, row.upscale) == asked)
    return next(rows, None)


def verify(
    protocol: Protocol, path: Path | None, upscale: int, known: str | None = None
) -> Checked | None:
    """Hold the bicubic row of a data set against the published one.

    Parameters
    ----------
    path
        Its files; None where they are not at hand.
    known
        Name of the data set; None to tell it by its files.

    Returns
    -------
    None where nothing is published for this protocol, set and upscale

    Raises
    ------
    RasterError
        The files cannot be read.
    OptionError
        Neither files nor name.
    """
    if known is None:
        if path is None:
            raise OptionError("name a data set, or give its files")
        known = name_of(path)
    row = find_published(protocol, known, upscale)
    if row is None or path is None:
        return None if row is None else Checked(row, None)
    rows = score(BICUBIC, upscale=upscale, protocol=protocol, test=path, bands=None)
    return Checked(row, means_of(rows))


def judge(protocol: Protocol, path: Path, rows: Sequence[ScoreRow]) -> Checked | None:
    """Do so with scores that are there already: those of bicubic at one upscale, on all bands."""
    every = [row for row in rows if row.bands == ALL]
    row = find_published(protocol, name_of(path), every[0].upscale) if every else None
    return None if row is None else Checked(row, means_of(every))


def means_of(rows: Sequence[ScoreRow]) -> Means:
    """Return the mean scores over test images."""
    names = [field.name for field in fields(Means)]
    return Means(*(fmean(getattr(row, name) for row in rows) for name in names))


def name_of(path: Path) -> str:
    """Return the name of the set that files are of, "" for none; `RasterError` if not readable."""
    found = known_set(next(find_sources(path)[0].scenes()).shape)
    return "" if found is None else found.name
