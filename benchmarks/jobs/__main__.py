"""`python -m benchmarks.jobs NAME ARGUMENT…`: work that needs Django, in a process of its own.

Its last line of output is JSON for the benchmark that asked.
"""

import importlib
import sys

import django

django.setup()
importlib.import_module(f"benchmarks.jobs.{sys.argv[1]}").main(*sys.argv[2:])
