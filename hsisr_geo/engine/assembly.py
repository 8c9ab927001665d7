"""Outputs filled in the background: their files are written while tiles are still computed.

Each output has a thread of its own, which waits for the tiles of its next block. So writing hides
behind computing, and when the last tile is finished only the last blocks are left to write.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from hsisr_geo.cube.windows import BLOCK, block_side
from hsisr_geo.journal.blocks import TileBlocks
from hsisr_geo.journal.index import TileIndex
from hsisr_geo.journal.layout import Layout
from hsisr_geo.output.drafts import Draft

Tags = Mapping[str, str]


class LateTags(Mapping[str, str]):
    """Tags that are known when all tiles are finished; who reads them earlier waits."""

    def __init__(self) -> None:
        self._known: Future[Tags] = Future()

    def set(self, tags: Tags) -> None:
        """Say what they are."""
        self._known.set_result(tags)

    def give_up(self) -> None:
        """Let those who wait end with an error."""
        self._known.cancel()

    def __getitem__(self, name: str) -> str:
        return self._known.result()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known.result())

    def __len__(self) -> int:
        return len(self._known.result())


@dataclass(frozen=True, eq=False)
class Assembly:
    """The outputs being filled."""

    drafts: Sequence[Draft]
    futures: Sequence["Future[None]"]
    tags: Sequence[LateTags]

    def check(self) -> None:
        """Raise what made one of them fail, if any has, or that it has lost its folder."""
        for future in self.futures:
            if future.done():
                future.result()
        for draft in self.drafts:
            draft.folder.check_there()

    def set_tags(self, tags: Iterable[Tags]) -> None:
        """Say how each output was made; they wait for it."""
        for late, known in zip(self.tags, tags, strict=True):
            late.set(known)


def _side(draft: Draft, layout: Layout) -> int:
    """Return the side of the blocks that an output's format wants."""
    return block_side(layout.shape, draft.form.block or BLOCK)


@contextmanager
def assembling(
    drafts: Sequence[Draft], layout: Layout, finished: TileIndex, *, threads: int = 1
) -> Iterator[Assembly]:
    """Fill outputs while the block computes their tiles and sets their tags.

    Leaving the block waits until all are complete. An exception makes them give up.

    Parameters
    ----------
    drafts : the tags of their targets are `LateTags`
    threads : that write each of them, where its format can
    """
    tags = [draft.target.tags for draft in drafts if isinstance(draft.target.tags, LateTags)]
    sources = [
        TileBlocks(layout, finished, number, draft.output.raster, _side(draft, layout))
        for number, draft in enumerate(drafts)
    ]
    with ThreadPoolExecutor(len(drafts), "assembly") as pool:
        pairs = zip(drafts, sources, strict=True)
        assembly = Assembly(
            drafts, [pool.submit(draft.fill, source, threads) for draft, source in pairs], tags
        )
        try:
            yield assembly
            for future in assembly.futures:
                future.result()
        except BaseException:
            finished.give_up()
            for late in tags:
                late.give_up()
            raise
