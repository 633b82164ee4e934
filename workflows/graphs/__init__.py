"""Graph documents and what follows from them alone. Pure Python, like the catalogue.

`document` reads a saved graph, `resolve` checks it against a catalogue and binds every port,
`interface` says what a graph takes and gives, `estimate` what a run would cost.
"""
