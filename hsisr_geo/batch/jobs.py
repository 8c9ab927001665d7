"""`Job`: a scene of a batch and where its outputs go, by templates of their names."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from hsisr_geo.errors import OptionError, OutputError
from hsisr_geo.paths import place_of
from hsisr_geo.raster.scenes import stem

_UNSAFE = str.maketrans(dict.fromkeys('/\\:"<>|?*', "_"))  # in names of subdatasets


@dataclass(frozen=True)
class Job:
    """A scene and its outputs: the super-resolution, and its uncertainty if one is wanted."""

    src: str
    dst: Path
    uncertainty: Path | None = None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The rasters to be written."""
        return (self.dst,) if self.uncertainty is None else (self.dst, self.uncertainty)


def plan_jobs(
    scenes: Iterable[str],
    folder: Path,
    names: Sequence[str],
    values: Mapping[str, object],
    *,
    named: Iterable[str] = (),
) -> list[Job]:
    """Say where each scene's outputs go.

    A scene that was found in a folder, and would be the output of another one, is taken for the
    result of an earlier batch, and left out.

    Parameters
    ----------
    names : template of the output's name and, if there is to be one, of its uncertainty's, with
        {stem} and {parent} of the scene and the names of `values` in braces
    values : e.g. the upscale; the same for all scenes
    named : scenes that were asked for by name

    Raises
    ------
    OptionError : a template that is none
    OutputError : two scenes would have one output, or an output would replace a scene
    """
    jobs = [
        Job(scene, *(folder / _name(name, scene, values) for name in names)) for scene in scenes
    ]
    _check_clashes(jobs)
    made_of = {os.path.realpath(path): job.src for job in jobs for path in job.outputs}
    asked_for = {os.path.realpath(source) for source in named}
    jobs = [
        job
        for job in jobs
        if (place := os.path.realpath(job.src)) in asked_for
        or made_of.get(place, job.src) == job.src  # its own output is no earlier result
    ]
    _check_sources(jobs)
    return jobs


def _name(template: str, scene: str, values: Mapping[str, object]) -> str:
    """Fill a template for one scene; only plain fields, as `str.format` could reach further."""
    path = Path(scene)
    known = {"stem": stem(path).translate(_UNSAFE), "parent": path.absolute().parent.name}
    known |= {name: str(value) for name, value in values.items()}
    try:
        parts = list(Formatter().parse(template))
    except ValueError as e:
        raise OptionError(f"{template!r} is no template of a file name: {e}") from e
    for _, field, form, conversion in parts:
        if field is not None and (field not in known or form or conversion):
            fields = ", ".join(f"{{{name}}}" for name in known)
            raise OptionError(f"{template!r}: {{{field}}} is unknown: a name may have {fields}")
    name = "".join(text + (known[field] if field else "") for text, field, _, _ in parts)
    if Path(name).name != name:
        raise OptionError(f"{template!r} makes {name!r}: name a file in the folder, not a path")
    return name


def _check_clashes(jobs: Sequence[Job]) -> None:
    taken: dict[str, str] = {}
    for job in jobs:
        if job.dst == job.uncertainty:
            raise OutputError(f"{job.dst}: the uncertainty needs a name of its own")
        for path in job.outputs:
            other = taken.setdefault(place_of(path), job.src)
            if other != job.src:
                raise OutputError(
                    f"{other} and {job.src} would both be written to {path}: "
                    "tell them apart by the name, e.g. with {parent}"
                )


def _check_sources(jobs: Sequence[Job]) -> None:
    sources = {place_of(job.src): job.src for job in jobs}
    for path in (path for job in jobs for path in job.outputs):
        if source := sources.get(place_of(path)):
            raise OutputError(
                f"{path} would replace the scene {source}: choose another folder or name"
            )
