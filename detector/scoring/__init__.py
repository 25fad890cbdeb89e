"""How good it is: COCO AP, lines of text, mistakes, risk. Takes predictions, never models."""
