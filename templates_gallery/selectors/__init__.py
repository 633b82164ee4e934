"""Reads of the gallery: its index, a template's page, copies, shared runs, own templates."""
