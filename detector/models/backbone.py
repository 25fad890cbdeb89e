"""A small feature pyramid: images in, feature maps at strides 4, 8 and 16 out.

Lin et al., "Feature Pyramid Networks for Object Detection" (2017), around residual blocks of He et al. (2016).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvNormReLU(nn.Sequential):
    """Convolution, batch normalisation and ReLU. The size is divided by the stride, and otherwise stays.

    relu: without it, there is no ReLU. padded: without it, there is no padding, and the size shrinks by kernel - 1.
    depthwise: each channel is convolved on its own; there have to be as many outputs as inputs.

    While its statistics are fixed, the normalisation is folded into the kernel. That is cheaper than another pass over
    the feature map, except on a GPU that learns, where it would be a dozen more operations.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        relu: bool = True,
        padded: bool = True,
        depthwise: bool = False,
    ) -> None:
        padding, groups = kernel // 2 if padded else 0, inputs if depthwise else 1
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True) if relu else nn.Identity())
        self.kept: tuple[tuple[int, ...], Tensor, Tensor] | None = None  # see folded

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        convolution, norm, relu = self
        assert isinstance(convolution, nn.Conv2d)
        if norm.training or (x.is_cuda and torch.is_grad_enabled()):
            normalised: Tensor = norm(convolution(x))
        else:
            kernel, shift = self.folded()
            stride, padding, groups = convolution.stride, convolution.padding, convolution.groups
            normalised = F.conv2d(x, kernel, shift, stride, padding, groups=groups)
        out: Tensor = relu(normalised)
        return out

    def folded(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the convolution and its normalisation in one.

        In inference mode they are kept until one of the tensors changes that they are made of.
        """
        convolution, norm, _ = self
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        parts = (convolution.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)
        state: tuple[int, ...] = ()
        if torch.is_inference_mode_enabled():
            with suppress(RuntimeError):  # tensors made in inference mode have no version
                state = (*[part.data_ptr() for part in parts], *[part._version for part in parts])
                if self.kept is not None and self.kept[0] == state:
                    return self.kept[1], self.kept[2]
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)  # (outputs,)
        kernel = convolution.weight * scale[:, None, None, None]
        shift = norm.bias - norm.running_mean * scale
        if state:
            self.kept = (state, kernel, shift)
        return kernel, shift


class ResidualBlock(nn.Module):
    """x + f(x), where f is two 3x3 convolutions that start as nothing, so that a deep stack begins as a shallow one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNormReLU(channels, channels)
        self.second = ConvNormReLU(channels, channels, relu=False)
        nn.init.zeros_(self.second.get_parameter("1.weight"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return F.relu(x + self.second(self.first(x)), inplace=True)


class Backbone(nn.Module):
    """Images (B, 3, H, W) -> feature maps by name, finest first; H and W are multiples of `multiple`."""

    strides: ClassVar[tuple[int, ...]]
    """Pixels between neighbouring cells of each feature map."""
    multiple: ClassVar[int]
    """Height and width of the images are multiples of it, pixels."""


@dataclass(frozen=True)
class FeaturePyramidConfig:
    """What shapes a FeaturePyramid."""

    stem: int
    """Channels at stride 2."""
    widths: tuple[int, int, int]
    """Channels at strides 4, 8, 16."""
    blocks: tuple[int, int, int]
    """Residual blocks at strides 4, 8, 16."""
    channels: int
    """Channels of each level that comes out."""


class FeaturePyramid(Backbone):
    """Three feature maps at strides 4, 8, 16, each summed with the coarser ones.

    A sum of two maps needs smoothing, not mixing of channels, so the convolution after it is depthwise. A full one took
    a third of the backbone's time. The heads, which see few cells, mix the channels.
    """

    strides = (4, 8, 16)
    multiple = 16

    def __init__(self, config: FeaturePyramidConfig) -> None:
        super().__init__()
        widths, channels = config.widths, config.channels
        self.stem = ConvNormReLU(3, config.stem, stride=2)
        inputs = [config.stem, *widths[:-1]]
        self.stages = nn.ModuleList(
            nn.Sequential(ConvNormReLU(i, o, stride=2), *(ResidualBlock(o) for _ in range(n)))
            for i, o, n in zip(inputs, widths, config.blocks, strict=True)
        )
        self.laterals = nn.ModuleList(ConvNormReLU(width, channels, kernel=1, relu=False) for width in widths)
        self.outputs = nn.ModuleList(ConvNormReLU(channels, channels, depthwise=True) for _ in widths)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W), H and W multiples of 16 -> {"4": (B, C, H/4, W/4), "8": ..., "16": ...}, finest first."""
        x = self.stem(images)  # (B, stem, H/2, W/2)
        levels = []
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            x = stage(x)
            levels.append(lateral(x))
        for fine in range(len(levels) - 2, -1, -1):
            levels[fine] = levels[fine] + F.interpolate(levels[fine + 1], scale_factor=2, mode="nearest")
        return {
            str(stride): output(level) for stride, output, level in zip(self.strides, self.outputs, levels, strict=True)
        }
