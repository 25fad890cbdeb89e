"""The rungs below Faster R-CNN: one file for each idea."""
