"""Weights as files for ONNX Runtime, in float32 and in int8."""
