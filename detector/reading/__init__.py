"""From a picture of any size to a Page."""
