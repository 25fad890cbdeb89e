"""What is logged while only errors may be, and afterwards."""

from __future__ import annotations

import logging

import pytest

from detector.export.quiet import only_errors


def test_advice_is_silent_and_errors_are_not(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("some.library")
    with only_errors():
        logger.warning("advice")
        logging.warning("advice of the root")
        logger.error("wrong")
    logger.warning("afterwards")
    assert [record.getMessage() for record in caplog.records] == ["wrong", "afterwards"]


def test_it_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), only_errors():
        raise ZeroDivisionError
    assert logging.root.manager.disable == logging.NOTSET


def test_what_was_silent_before_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    logging.disable(logging.CRITICAL)
    try:
        with only_errors():
            logging.getLogger("x").error("wrong")
        logging.getLogger("x").error("wrong, too")
    finally:
        logging.disable(logging.NOTSET)
    assert not caplog.records
