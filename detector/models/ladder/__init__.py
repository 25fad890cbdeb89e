"""The networks of the rungs below Faster R-CNN, a file for each idea."""
