"""The graph engine, without a database, queue, clock or web framework (import-linter checks it).

`plan` cuts a resolved graph into segments, `state` holds where a run stands, `step` says what
follows from an event, `segment` runs the nodes of one task, `codec` writes values down.
"""
