"""How fast it all is: what `tools/benchmark.py` measures, with what it is compared, and what is asked of it.

`measure` holds the clock, `goals` what is asked and the tables; `training`, `looks`, `reading`, `peers` and `windows`
are what is measured, `parts` where the time goes.
"""
