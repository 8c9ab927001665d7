"""The place of a model file while it is trained, and the file put there with its curve."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsisr_geo.errors import Canceled, OutputError
from hsisr_geo.files import drafted
from hsisr_geo.journal.folder import work_folder
from hsisr_geo.model.training.curve import curve_path, publish, withdraw
from hsisr_geo.model.training.optimise import Log
from hsisr_geo.model.training.progress_file import forget, progress_path
from hsisr_geo.paths import check_length, draft_of
from hsisr_geo.resolver.catalogue import check_model_place


@contextmanager
def place_of(out: Path, log: Log) -> Iterator[None]:
    """Have the place of a model file for oneself while it is trained.

    Raises
    ------
    OutputError : no model file can be written there, or another training is at it
    """
    check_model_place(out)
    check_length(out, [draft_of(progress_path(out)), draft_of(curve_path(out))])
    with work_folder(out.resolve(), resume=True, overwrite=False):
        try:
            yield
        except (Canceled, OutputError):
            if (kept := progress_path(out)).exists():
                log(f"what was learned is kept in {kept}: --resume goes on with it")
            raise


def finish(out: Path, content: bytes) -> None:
    """Write a trained model, and give its curve the name beside it.

    Whenever this is killed, no curve lies beside a model that is not its own; with `resume` the
    progress, which goes last, makes both again. Where there is no room for the model, an older one
    keeps what lies beside it.
    """
    with drafted(out) as draft:
        draft.write_bytes(content)
        withdraw(out)
    publish(out)
    forget(out)
