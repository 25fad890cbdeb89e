"""The way from one digit to a page, rung by rung. Every rung is a `models.base.Detector` and stands in the registry.

    classifiers.py          1-4  one picture, one digit: softmax regression to a modern CNN
    places.py               5-7  a strip of five places: cut it, answer all at once by sigmoids, or by softmax heads
    space_displacement.py   8    the classifier slides along a strip of any width
    regions.py, rcnn.py     10-11  regions proposed by OpenCV, each classified: R-CNN and Fast R-CNN

`whole.py` is what rungs 1-8 share, `training.py` how they learn.
"""
