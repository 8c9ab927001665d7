"""Attention between the most alike places of an image, in memory that grows with the image.

After the graph attention block of CEGATSR (Liu & Dong 2022): every second pixel is a node, joined
to the seven nodes nearest to it in the features' space, wherever in the image they are. Published
code makes a tensor of all pairs of nodes times all channels; here there are scores of the pairs
that are joined only, and distances of all pairs for a few nodes at a time.
"""

import torch
from torch import Tensor, nn

NEIGHBOURS = 7
"""Nodes that a node attends to, itself among them."""

DISTANCES = 2**22
"""Distances that are held at a time; 16 MiB. One node's are, however many there are."""

_HEADS = 2
_SLOPE = 0.2
# ^ of the scores' leaky ReLU
_GAIN = 1.414
# ^ of the Xavier initialisation of all weights


def nearest(nodes: Tensor) -> Tensor:
    """Return the nodes nearest to each, by the Euclidean distance of their features.

    Parameters
    ----------
    nodes
        (graph, node, channel)

    Returns
    -------
    (graph, node, `NEIGHBOURS`) numbers of nodes, each within its graph, the node itself being the
    first; all of them where a graph has fewer.
    """
    graphs, n, _ = nodes.shape
    together = max(1, DISTANCES // n**2)
    found = torch.empty(graphs, n, min(NEIGHBOURS, n), dtype=torch.long, device=nodes.device)
    with torch.no_grad():
        for first in range(0, graphs, together):
            some = slice(first, first + together)
            _fill_nearest(found[some], nodes[some].float())
    return found


def _fill_nearest(found: Tensor, nodes: Tensor) -> None:
    """Write into `found` what `nearest` returns, for as many rows at a time as memory allows."""
    graphs, n, count = found.shape
    nodes = nodes - nodes.mean(dim=1, keepdim=True)
    # ^ distances are the same, with less to cancel in them
    squares = nodes.square().sum(dim=2).unsqueeze(1)
    rows = max(1, DISTANCES // (graphs * n))
    for first in range(0, n, rows):
        some = nodes[:, first : first + rows]
        distances = torch.baddbmm(squares, some, nodes.mT, alpha=-2)
        # ^ squared and less the node's own square, which does not change the order
        distances.diagonal(first, dim1=1, dim2=2).fill_(-torch.inf)
        # ^ so that a node is its own nearest, whatever rounding says
        found[:, first : first + rows] = distances.topk(count, dim=2, largest=False).indices


class GraphAttention(nn.Module):
    """Features of the joined nodes, mixed by learnt weights: one head of a graph attention layer.

    Of Velickovic et al. 2018, equations 1 to 4: the score of nodes i and j is
    LeakyReLU(a · [W h_i, W h_j]), which is the sum of two products, one of each node.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels_in, channels_out))
        self.score = nn.Parameter(torch.empty(2 * channels_out, 1))
        nn.init.xavier_uniform_(self.weight, gain=_GAIN)
        nn.init.xavier_uniform_(self.score, gain=_GAIN)

    def forward(self, nodes: Tensor, joined: Tensor) -> Tensor:
        """Map (graph · node, channel) to the same with `channels_out`.

        `joined` (graph · node, neighbour) numbers the rows of `nodes`.
        """
        h = nodes @ self.weight
        own, other = (h @ self.score.view(2, -1).T).unbind(1)
        scores = nn.functional.leaky_relu(own.unsqueeze(1) + other[joined], _SLOPE)
        out: Tensor = nn.functional.embedding_bag(
            joined, h, per_sample_weights=scores.softmax(dim=1).to(h), mode="sum"
        )
        # ^ the weighted sum over neighbours, without a copy of the features for each
        return out


class GraphBlock(nn.Module):
    """Graph attention between the pixels of an image at half its size; output of the same size.

    Parameters
    ----------
    dropout
        Share of the features that training leaves out before each of the two layers.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.down = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.heads = nn.ModuleList(GraphAttention(width, width) for _ in range(_HEADS))
        self.out = GraphAttention(_HEADS * width, width)
        self.up = nn.ConvTranspose2d(width, width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (image, channel, row, col) to the same shape; features are log-probabilities."""
        small = self.down(x)
        nodes = small.flatten(2).mT
        joined = _rows(nearest(nodes))
        mixed = self._attend(nodes.flatten(0, 1), joined).view_as(nodes)
        out: Tensor = self.up(mixed.mT.reshape_as(small), output_size=x.shape[-2:])
        return out

    def _attend(self, nodes: Tensor, joined: Tensor) -> Tensor:
        nodes = self._drop(nodes)
        heads = torch.cat([head(nodes, joined).relu() for head in self.heads], dim=1)
        out: Tensor = self.out(self._drop(heads), joined)
        return nn.functional.elu(out).log_softmax(dim=1)

    def _drop(self, nodes: Tensor) -> Tensor:
        return nn.functional.dropout(nodes, self.dropout, self.training)


def _rows(joined: Tensor) -> Tensor:
    """Return the neighbours numbered through all graphs: (graph · node, neighbour)."""
    graphs, n, _ = joined.shape
    first = torch.arange(graphs, device=joined.device) * n
    return (joined + first.view(-1, 1, 1)).flatten(0, 1)
