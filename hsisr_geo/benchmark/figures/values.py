"""The values that figures of a comparison are drawn from: results of scenes, standings, groups."""

from dataclasses import dataclass
from functools import cached_property

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.metrics import default_data_range


@dataclass(frozen=True)
class Shown:
    """A system as figures show it: its label in file names, its title, whether it is ours."""

    label: str
    title: str
    ours: bool = False


@dataclass(frozen=True)
class FigureSettings:
    """What is drawn.

    Attributes
    ----------
    systems
        In the order of the figures.
    upscales
        Each with pictures, curves and a panel of its own.
    reference
        Label of the system that the others are held against.
    groups
        Labels of the systems whose autoencoders are compared by the size of their groups.
    scenes
        Names of those that are shown; empty for all.
    window
        Side of what is shown of a larger scene, in pixels of the truth.
    pixels
        Spectra of each scene.
    size
        Side of the images whose times are shown.
    svg
        Whether every figure is also written as SVG.
    """

    systems: tuple[Shown, ...]
    upscales: tuple[int, ...]
    reference: str = "bicubic"
    groups: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    window: int = 128
    pixels: int = 2
    size: int = 128
    svg: bool = False


@dataclass(frozen=True, eq=False)
class SceneResult:
    """What a system made of a scene: a cube in the truth's unit, its PSNR (dB) and angle (deg)."""

    shown: Shown
    cube: Cube
    psnr: float
    sam: float


@dataclass(frozen=True, eq=False)
class SceneResults:
    """What all systems made of a scene.

    Attributes
    ----------
    wavelengths_nm
        Of the compared bands; None where they are not known.
    numbers
        Of the compared bands in the scene's file, from 1.
    """

    scene: str
    upscale: int
    truth: Cube
    wavelengths_nm: tuple[float, ...] | None
    numbers: tuple[int, ...]
    results: tuple[SceneResult, ...]

    @cached_property
    def peak(self) -> float:
        """What errors are shares of: the 99.9 % quantile of the truth."""
        return default_data_range(self.truth)

    @property
    def bands(self) -> Bands:
        """The compared bands."""
        known = self.wavelengths_nm or (None,) * len(self.truth)
        return Bands(tuple(Band(wavelength_nm=nm) for nm in known))


@dataclass(frozen=True)
class Standing:
    """Where a system stands at one upscale, as means over scenes, then over seeds.

    Attributes
    ----------
    psnr
        Mean, dB.
    gain, gain_spread
        PSNR above the reference's on the same scenes, dB; half the range over seeds.
    ratio, ratio_spread
        Spectral angle over the reference's, likewise.
    seconds
        An image of the size that is shown takes so long; None where it was not timed.
    """

    shown: Shown
    upscale: int
    psnr: float
    gain: float
    gain_spread: float
    ratio: float
    ratio_spread: float
    seconds: float | None


@dataclass(frozen=True)
class GroupSize:
    """An autoencoder by the size of its groups: what it loses (PSNR, dB), and seconds an image."""

    shown: Shown
    group: int
    overlap: int
    psnr: float
    seconds: float | None
