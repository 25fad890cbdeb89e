"""The two papers before Faster R-CNN, built of its own parts: one RoI head, three sources of regions.

| | regions from | computed once a picture | computed once a region |
|---|---|---|---|
| R-CNN | its ink | nothing | a whole network, on the region cropped and warped |
| Fast R-CNN | its ink | feature maps | features cut out of them, and a small head |
| Faster R-CNN | a network on the feature maps | feature maps | features cut out of them, and a small head |

Girshick et al., "Rich feature hierarchies for accurate object detection and semantic segmentation" (2014); Girshick,
"Fast R-CNN" (2015). Two parts of the first are left out: support vector machines, and a box regression trained
afterwards. All three learn classes and boxes together, as the second does. So only the sources of regions and features
are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from detector.models.backbone import Backbone, ConvNormReLU, FeaturePyramid, FeaturePyramidConfig, ResidualBlock
from detector.models.boxes import BatchBoxes
from detector.models.faster_rcnn import RegionCNN, RegionCNNConfig
from detector.models.feature_table import FeatureTable
from detector.models.ladder.ink_regions import InkRegions
from detector.models.roi_align import PyramidRoIAlign
from detector.models.roi_heads import BoxHead, BoxHeadConfig


@dataclass(frozen=True)
class RCNNConfig(RegionCNNConfig):
    """Everything that shapes an R-CNN."""

    regions: int = 300
    """Regions of each image, at most."""
    roi_size: int = 32
    """Height and width of the crops that the network sees."""
    context: float = 0.125
    """How far a crop reaches beyond each side of its region, in its widths and heights."""
    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels at strides 2, 4, 8 of a crop."""


@dataclass(frozen=True)
class FastRCNNConfig(RegionCNNConfig):
    """Everything that shapes a Fast R-CNN. The backbone is that of Faster R-CNN."""

    regions: int = 300
    """Regions of each image, at most."""
    stem: int = 16
    """Channels at stride 2."""
    widths: tuple[int, int, int] = (32, 64, 128)
    """Channels at strides 4, 8, 16."""
    blocks: tuple[int, int, int] = (0, 2, 2)
    """Residual blocks at strides 4, 8, 16."""
    channels: int = 64
    """Channels of each level of the pyramid."""
    head_width: int = 128
    """Channels of the head's convolution."""

    @property
    def backbone(self) -> FeaturePyramidConfig:
        """The config of the backbone."""
        return FeaturePyramidConfig(self.stem, self.widths, self.blocks, self.channels)

    @property
    def box_head(self) -> BoxHeadConfig:
        """The config of the head in front of classes and boxes."""
        return BoxHeadConfig(self.channels, self.roi_size, self.head_width, self.head_hidden)


class RCNN(RegionCNN):
    """Each region of the image is cropped, warped to a square, and goes through the whole network alone."""

    exportable = False  # OpenCV finds its regions
    config: RCNNConfig

    def __init__(self, config: RCNNConfig | None = None) -> None:
        c = config or RCNNConfig()
        backbone = PicturePyramid()
        super().__init__(
            c,
            backbone,
            InkRegions(c.regions),
            CropAndWarp(backbone.strides, c.roi_size, c.context),
            CropNetwork(c),
        )


class FastRCNN(RegionCNN):
    """The same regions, but the convolutions run once over the image, and RoI features are cut out of their result."""

    exportable = False  # OpenCV finds its regions
    config: FastRCNNConfig

    def __init__(self, config: FastRCNNConfig | None = None) -> None:
        c = config or FastRCNNConfig()
        backbone = FeaturePyramid(c.backbone)
        super().__init__(
            c,
            backbone,
            InkRegions(c.regions),
            PyramidRoIAlign(backbone.strides, c.roi_size, within=True),
            BoxHead(c.box_head),
        )


class PicturePyramid(Backbone):
    """In place of a backbone: the features are the image itself, at full, half and quarter size.

    A large region is cropped from a smaller image, which is smoother than leaving out three pixels of four.
    """

    strides = (1, 2, 4)
    multiple = 16  # as for Faster R-CNN, so that both see the same batch

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W), H and W multiples of 16 -> {"1": (B, 3, H, W), "2": (B, 3, H/2, W/2), "4": ...}."""
        return {str(s): F.avg_pool2d(images, s) if s > 1 else images for s in self.strides}


class CropAndWarp(PyramidRoIAlign):
    """Crops regions with some of their surroundings, and warps each to a square whatever its shape."""

    def __init__(self, strides: tuple[int, ...], size: int, context: float) -> None:
        super().__init__(strides, size)
        self.context = context

    def forward(self, features: FeatureTable, found: BatchBoxes) -> Tensor:
        """See PyramidRoIAlign. Beyond the image there is its background."""
        return super().forward(features, found._replace(boxes=self.widened(found.boxes)))

    def widened(self, boxes: Tensor) -> Tensor:
        """Boxes (K, 4) with their context on all sides."""
        margin = self.context * (boxes[:, 2:] - boxes[:, :2])  # (K, 2)
        return torch.cat([boxes[:, :2] - margin, boxes[:, 2:] + margin], 1)


class CropNetwork(nn.Sequential):
    """A digit classifier without its last layer: crops (K, 3, roi_size, roi_size) -> (K, head_hidden)."""

    def __init__(self, config: RCNNConfig) -> None:
        first, second, third = config.widths
        side = -(-config.roi_size // 8)  # after three strides of 2
        super().__init__(
            ConvNormReLU(3, first, stride=2),
            ConvNormReLU(first, second, stride=2),
            ResidualBlock(second),
            ConvNormReLU(second, third, stride=2),
            nn.Flatten(),
            nn.Linear(third * side * side, config.head_hidden),
            nn.ReLU(inplace=True),
        )
