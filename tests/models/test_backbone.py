"""The feature pyramid: sizes, strides, and that the top reaches the bottom."""

from __future__ import annotations

import copy

import pytest
import torch

from detector.models.backbone import ConvNormReLU, FeaturePyramid, FeaturePyramidConfig, ResidualBlock


def small() -> FeaturePyramid:
    torch.manual_seed(0)
    return FeaturePyramid(FeaturePyramidConfig(stem=4, widths=(6, 8, 10), blocks=(1, 1, 1), channels=5)).eval()


@pytest.mark.parametrize(("height", "width"), [(16, 16), (64, 320), (48, 16)])
def test_levels_have_their_strides(height: int, width: int) -> None:
    levels = small()(torch.zeros(2, 3, height, width))
    assert {name: tuple(level.shape) for name, level in levels.items()} == {
        str(stride): (2, 5, height // stride, width // stride) for stride in (4, 8, 16)
    }


def test_the_finest_level_sees_far() -> None:
    """A change at the far edge of an image changes the finest map at the near edge, through the coarser ones."""
    model = small()
    for module in model.modules():
        if isinstance(module, ResidualBlock):
            torch.nn.init.ones_(module.second.get_parameter("1.weight"))  # it starts as identity
    pictures = torch.rand(1, 3, 64, 64, requires_grad=True)
    model(pictures)["4"][0, :, 0, 0].sum().backward()
    assert pictures.grad is not None
    reached = pictures.grad.abs().sum((0, 1)).nonzero().amax(0)
    assert (reached > 24).all()


def test_a_residual_block_starts_as_identity() -> None:
    x = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(ResidualBlock(3)(x), x)


@pytest.mark.parametrize("relu", [True, False])
def test_folded_normalisation_is_the_same_in_values_and_gradients(relu: bool) -> None:
    torch.manual_seed(0)
    layer = ConvNormReLU(3, 4, stride=2, relu=relu).double()
    for _ in range(3):
        layer(torch.randn(2, 3, 9, 9).double() * 5 + 2)  # gathers statistics
    layer.eval()
    x = torch.randn(2, 3, 9, 9).double()
    plain = layer[2](layer[1](layer[0](x)))
    torch.testing.assert_close(layer(x), plain)
    weights = list(layer.parameters())
    for ours, theirs in zip(
        torch.autograd.grad(layer(x).sum(), weights), torch.autograd.grad(plain.sum(), weights), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_kernels_kept_in_inference_follow_the_weights() -> None:
    """Loaded, trained, copied or moved: kernels are folded again as soon as a weight changes."""
    layer = ConvNormReLU(3, 4).eval()
    x = torch.rand(1, 3, 8, 8)
    with torch.inference_mode():
        before = layer(x)
    with torch.no_grad():
        layer.get_parameter("0.weight").mul_(2)
    other = ConvNormReLU(3, 4).eval()
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), 2 * before)
        copied = copy.deepcopy(layer)
        copied.load_state_dict(other.state_dict())
        torch.testing.assert_close(copied(x), other(x))
        torch.testing.assert_close(layer(x), 2 * before)
