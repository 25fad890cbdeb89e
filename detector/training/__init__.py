"""The training loop, runs on disk, averaged weights and curves."""
