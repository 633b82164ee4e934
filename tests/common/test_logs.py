"""Logging that nobody waits for: X58."""

import fcntl
import logging
import os
import time

import pytest

from common.logs import KEEP_LINES, LAST_S, PatientHandler


@pytest.fixture
def pipe():
    """A small pipe: the ends to read from and to write to."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4_096)
    yield read, write
    os.close(read)


def make_logger(descriptor: int) -> tuple[logging.Logger, PatientHandler]:
    """A logger of its own that writes to a descriptor."""
    handler = PatientHandler(descriptor)
    logger = logging.Logger("patient")  # noqa: LOG001 - one that the next test does not share
    handler.setFormatter(logging.Formatter("{levelname} {message}", style="{"))
    logger.addHandler(handler)
    return logger, handler


def test_lines_are_written_in_order(pipe) -> None:
    read, write = pipe
    logger, handler = make_logger(write)

    logger.info("first")
    logger.warning("second %s", "ä")
    handler.flush()

    assert os.read(read, 1_000).decode() == "INFO first\nWARNING second ä\n"
    os.close(write)


def test_x58_a_log_that_nobody_reads_stops_nobody(pipe) -> None:
    read, write = pipe
    logger, handler = make_logger(write)
    began = time.monotonic()

    for number in range(KEEP_LINES + 500):
        logger.info("line %s of a log that nobody reads", number)

    assert time.monotonic() - began < 5
    assert len(handler._lines) <= KEEP_LINES
    began = time.monotonic()
    handler.flush()
    assert time.monotonic() - began < LAST_S + 0.5
    handler._lines.clear()
    os.set_blocking(read, False)
    assert os.read(read, 4_096).startswith(b"INFO line 0 of a log")


def test_x58_a_log_whose_reader_is_gone_stops_nobody() -> None:
    read, write = os.pipe()
    os.close(read)
    logger, handler = make_logger(write)

    logger.error("to nobody")

    handler.flush()
    assert handler._is_written.is_set()
    os.close(write)


def test_a_bad_call_does_not_break_its_caller(pipe, capsys) -> None:
    logger, _ = make_logger(pipe[1])

    logger.info("%d", "no number")

    assert "Logging error" in capsys.readouterr().err
    os.close(pipe[1])
