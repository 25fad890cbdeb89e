"""The weights that are shipped, each with its model card."""
