"""Diffusion of sets of channels, given the same sets of the interpolated scene, after SR3.

What DMGASR does with the latents of each group (Wang et al., 2024, section III-C and Algorithm 1),
and its ablations with bands themselves. One network serves all sets of a cube.

As published, but for two things. Published training makes one optimiser step for each group of a
batch, in order; here each step takes a group at random, of new patches. The published network
starts from weights of SR3 that were trained on faces; here it starts from noise, so its learning
rate, which is meant for fine-tuning, should be raised.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.sampler import STEPS, alpha_bars, sample_group
from hsisr_geo.benchmark.systems.layers.unet import PublishedUNet
from hsisr_geo.benchmark.systems.system import DrawNoise
from hsisr_geo.errors import ModelError

LEARNING_RATE = 1e-5


@dataclass(frozen=True)
class DiffusionSettings:
    """Size of the diffusion network and how it samples, as published.

    Attributes
    ----------
    unet_width, unet_widths, unet_depth, unet_attention_level, dropout
        As of `PublishedUNet`; the widths are numbers with blanks between.
    diffusion_steps
        Of training and sampling.
    group_by_group
        Whether a step of training takes one group, or all of them as one batch.
    groups_together
        Whether all groups are sampled as one batch, which takes memory and changes nothing.
    clip
        Whether the interpolated scene is clipped to 0 ... 1.
    """

    unet_width: int = 64
    unet_widths: str = "1 2 4 8 8"
    unet_depth: int = 2
    unet_attention_level: int = 3
    dropout: float = 0.2
    diffusion_steps: int = STEPS
    group_by_group: bool = True
    groups_together: bool = False
    clip: bool = True


class ConditionalDiffusion(nn.Module):
    """A network that predicts noise, how it is trained and how it samples.

    Parameters
    ----------
    channels
        Of a set.

    Raises
    ------
    ModelError
        Settings that no network can be built from.
    """

    def __init__(self, channels: int, settings: DiffusionSettings) -> None:
        super().__init__()
        if settings.diffusion_steps < 1:
            raise ModelError(f"diffusion_steps {settings.diffusion_steps} is below 1")
        self.steps = settings.diffusion_steps
        self.one_by_one = settings.group_by_group
        self.together = settings.groups_together
        self.unet = PublishedUNet(
            latents=channels,
            width=settings.unet_width,
            widths=_numbers(settings.unet_widths),
            depth=settings.unet_depth,
            attention_level=settings.unet_attention_level,
            dropout=settings.dropout,
        )

    def taught(self, sets: int, generator: torch.Generator) -> list[int]:
        """Return the sets that a step of training takes, of so many."""
        if not self.one_by_one:
            return list(range(sets))
        return [int(torch.randint(sets, (), generator=generator, device=generator.device))]

    def loss(self, truth: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Mean absolute error of the predicted noise (section III-C).

        One step t is drawn for all, and for each set the level a between sqrt(alpha_bar) of the
        steps t and t - 1, as in SR3.

        Parameters
        ----------
        truth, condition
            (image, set, channel, row, col)
        """
        z, u = (mirrored(x.flatten(0, 1), self.unet.multiple) for x in (truth, condition))
        a = self._levels(len(z), generator).to(z)
        noise = torch.randn(z.shape, generator=generator, device=generator.device).to(z)
        noisy = _of_images(a) * z + _of_images((1 - a * a).sqrt()) * noise
        error = (self.unet(u, noisy, a) - noise).abs()
        rows, cols = truth.shape[-2:]
        mean: Tensor = error[..., :rows, :cols].mean()
        return mean

    def sample(self, condition: Tensor, draw: DrawNoise) -> Tensor:
        """Draw all sets of a cube: (image, set, channel, row, col) -> the same.

        Each set has noise of its own; images of a batch have the same.
        """
        images, sets, channels, rows, cols = condition.shape
        u = mirrored(condition.flatten(0, 1), self.unet.multiple)

        def noise(step: int) -> Tensor:
            drawn = draw(sets * channels, step).to(u).reshape(1, sets, channels, rows, cols)
            padded = mirrored(drawn, self.unet.multiple)
            return padded.expand(images, -1, -1, -1, -1).flatten(0, 1)

        z = sample_group(self._predict, u, noise, self.steps)
        return z[..., :rows, :cols].reshape(condition.shape)

    def _predict(self, condition: Tensor, noisy: Tensor, level: Tensor) -> Tensor:
        if self.together:
            out: Tensor = self.unet(condition, noisy, level)
            return out
        inputs = (torch.split(images, 1) for images in (condition, noisy, level))
        return torch.cat([self.unet(*one) for one in zip(*inputs, strict=True)])

    def _levels(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw sqrt(alpha_bar) for each image: (image,)."""
        bars = [1.0, *alpha_bars(self.steps)]
        device = generator.device
        t = int(torch.randint(self.steps, (), generator=generator, device=device)) + 1
        low, high = math.sqrt(bars[t]), math.sqrt(bars[t - 1])
        share = torch.rand(count, generator=generator, device=device)
        return low + (high - low) * share


def mirrored(images: Tensor, multiple: int) -> Tensor:
    """Continue rows and columns by their mirror image up to a multiple; any size, also one."""
    rows, cols = (
        _mirror(n, -n % multiple).to(images.device) for n in (images.shape[-2], images.shape[-1])
    )
    return images[..., rows, :][..., cols]


def _mirror(count: int, more: int) -> Tensor:
    """E.g. 3, 5 -> 0 1 2 2 1 0 0 1."""
    place = torch.arange(count + more) % (2 * count)
    return torch.minimum(place, 2 * count - 1 - place)


def _of_images(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in text.split())
    except ValueError as e:
        raise ModelError(f"unet_widths {text[:40]!r}: give whole numbers, as in '1 2 4 8 8'") from e
    if not numbers or min(numbers) < 1:
        raise ModelError(f"unet_widths {text[:40]!r}: give numbers of at least 1")
    return numbers
