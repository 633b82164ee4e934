"""Simulated results: what a model would give, made here for nothing, for runs of test keys.

Pure: a model's specification, its values and the bytes of its input files in, an answer and files
out. Equal inputs give equal bytes, and everything that is made says that it is simulated.
"""
