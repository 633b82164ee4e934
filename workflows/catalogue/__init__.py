"""What a graph can be made of: kinds, ports, parameters, node types, models. Pure Python.

The second door of `workflows`: `executor.engine` and `executor.providers` import from here.
Nothing below this package may import Django or anything that does (import-linter checks it).
"""
