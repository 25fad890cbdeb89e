"""From batches to weights: the training loop, its batches, averaged weights, runs on disk and curves."""
