"""From handwritten digits to scenes with known boxes and text. Knows nothing of detectors."""

from digit_scenes.presets import PRESETS, Preset, Scenes, get_preset
from digit_scenes.scene import Scene
from digit_scenes.stream import SceneBatches

PRESET_NAMES = tuple(PRESETS)

__all__ = ["PRESETS", "PRESET_NAMES", "Preset", "Scene", "SceneBatches", "Scenes", "get_preset"]
