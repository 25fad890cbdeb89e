"""Reads pictures for whoever asks over HTTP: one shared model, a page to try it on, and an API. No torch."""
