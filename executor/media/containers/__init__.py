"""Readers of file structure in pure Python, run in the child before any codec sees a byte."""
