"""The ladder: detectors from one digit to any page, rung by rung, trained and scored alike. The harness that climbs it.

The networks of its rungs are in `models.ladder`, and in the registry. `tools/compare.py` is the command.

    rungs.py   the rungs, and the tasks each supports       tasks.py       the seven tasks, and how they are scored
    budget.py  how much is spent on each rung               data.py        what the rungs learn from and are tested on
    plans.py   how a rung comes by its weights              training.py    the training loop of rungs 1-8
    evaluation.py  scoring and timing a rung                record.py      what is stored of a rung
    climb.py   all of it for one rung, and the tables       table.py, pictures.py   results as text and pictures
"""
