"""Reads pictures over HTTP: a page to try it on and an API, served by shared models. It does not import torch.

app.py        which path gives which response       service.py    from a request to its response
schema.py     query and responses, for OpenAPI      reference.py  /docs, made of the OpenAPI document
uploads.py    the pictures in a request             limits.py     what is refused
batching.py   opening and detecting, in threads     responses.py  the JSON
guard.py      hosts, headers, last resort           running.py    sockets, signals, time limits
"""
