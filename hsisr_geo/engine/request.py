"""What a run is asked to make, and what follows from that: its rasters, tiles and fingerprint."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.assembly import LateTags
from hsisr_geo.engine.estimate import choose_tile
from hsisr_geo.engine.provenance import Fingerprint, fingerprint, kept_tile
from hsisr_geo.engine.tasks import Product
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.engine.workers import Workers
from hsisr_geo.journal.folder import WorkFolder
from hsisr_geo.output.drafts import Draft
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver, sampled

Log = Callable[[str], None]
"""Takes one line at a time."""


@dataclass(frozen=True, eq=False)
class Request:
    """A scene, a method, and what is wanted of it.

    Attributes
    ----------
    region : pixels of the scene that are processed; None for all
    uncertainty : the second raster, if one is wanted
    """

    raster: Raster
    resolver: Resolver
    region: Window | None
    uncertainty: Uncertainty | None

    def targets(self, dst: str | os.PathLike[str], write: WriteOptions) -> list[Target]:
        """Return the rasters to be written; their tags are `LateTags`."""
        fine = self.raster.upscaled(self.resolver.upscale, *(self.region or ()))
        targets = [Target(dst, fine, LateTags(), write)]
        if self.uncertainty is not None:
            path, deviations = self.uncertainty.path, self.uncertainty.describe(fine)
            targets.append(Target(path, deviations, LateTags(), write.beside(dst, path)))
        return targets

    def products(self, drafts: Sequence[Draft]) -> tuple[Product, ...]:
        """Return how the bands of each raster follow from the scene's."""
        products = [Product(drafts[0].output)]
        if self.uncertainty is not None:
            products.append(Product(drafts[1].output, self.uncertainty.bands_from))
        return tuple(products)

    def tile(self, folder: WorkFolder, workers: Workers) -> int:
        """Choose the side of tiles: that of the run that is taken up, or what memory allows."""
        return kept_tile(folder.record()) or choose_tile(
            self.raster,
            self.resolver,
            threads=workers.threads,
            workers=workers.number,
            samples=0 if self.uncertainty is None else self.uncertainty.samples,
            region=self.region,
        )

    def fingerprint(self, tile: int, targets: Sequence[Target]) -> Fingerprint:
        """Say what decides about every number of the result.

        Raises
        ------
        OptionError : an uncertainty is asked of a resolver without samples
        """
        wish = self.uncertainty
        return fingerprint(
            self.raster,
            self.resolver,
            spread=None if wish is None else sampled(self.resolver, wish.samples),
            uncertainty=wish,
            region=self.region,
            tile=tile,
            stored=[target.form.stored(target.raster) for target in targets],
        )
