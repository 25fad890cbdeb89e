"""Composed pages: what people write with digits, signs and letters, each character in its place and with its label.

A *run* is a stretch of text on one baseline, a *row* what stands side by side, a *kind* a function that makes a page.
To add a kind: write a function that is given a `Composer`, sets runs with its `run` and puts them down with `block` or
`put`. Name it in `KINDS` of `kinds`. A preset is a `ComposedRecipe` that names kinds with weights, see `composed`.
"""
