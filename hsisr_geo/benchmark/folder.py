"""The folder of a comparison: where its files lie, and who works on which of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hsisr_geo.errors import OutputError
from hsisr_geo.files import lock
from hsisr_geo.paths import check_on_disk

TRUTH = "truth"
"""Below `cubes`: what the results are held against."""


@dataclass(frozen=True)
class Folder:
    """The folder of a comparison; names are those of jobs, `{label}-x{upscale}-seed{seed}`."""

    root: Path

    def model(self, name: str) -> Path:
        """Return where the trained model of a job is."""
        return self.root / "models" / f"{name}.safetensors"

    def progress(self, name: str) -> Path:
        """Return where it is what a training that was stopped had learned (`progress_path`)."""
        return self.model(name).with_suffix(".progress.safetensors")

    def training(self, name: str) -> Path:
        """Return where it says what a model, and the progress towards it, are made from."""
        return self.root / "models" / f"{name}.json"

    def scores(self, name: str) -> Path:
        """Return where the scores of all scenes are."""
        return self.root / "scores" / f"{name}.json"

    def times(self, name: str) -> Path:
        """Return where the times of inference are."""
        return self.root / "times" / f"{name}.json"

    def reconstructions(self, name: str) -> Path:
        """Return where it says what the autoencoder of a job loses."""
        return self.root / "reconstructions" / f"{name}.json"

    def failure(self, name: str) -> Path:
        """Return where it says why a job failed when it was last tried."""
        return self.root / "failures" / f"{name}.json"

    def cubes(self, name: str) -> Path:
        """Return where the results of all scenes are, for figures."""
        return self.root / "cubes" / name

    @property
    def tables(self) -> Path:
        """Tables, made again from scores after every run."""
        return self.root / "tables"

    @property
    def figures(self) -> Path:
        """Pictures, made again as well."""
        return self.root / "figures"

    def make(self) -> None:
        """Make the folders that are missing.

        Raises
        ------
        OutputError
            It cannot be made, is a file, or one of GDAL's names.
        """
        check_on_disk(self.root)
        try:
            for name in ("models", "scores", "times", "failures", "cubes", "locks", "tables"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise OutputError(f"{self.root}: no folder to write to: {e.strerror or e}") from e

    @contextmanager
    def locked(self, name: str) -> Iterator[bool]:
        """Take a job for oneself; False where another process has it.

        The lock goes with the process, however that ends. Windows has no such locks: two
        processes there must be given different systems.

        Raises
        ------
        OutputError
            The folder cannot be written to.
        """
        path = self.root / "locks" / name
        try:
            file = path.open("w")
        except OSError as e:
            raise OutputError(f"{path}: cannot be written: {e.strerror or e}") from e
        with file:
            yield lock(file.fileno()) is not False  # None: who runs several there was told
