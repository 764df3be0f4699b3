"""The record engine: what Twenty does with records, whichever API asks for it.

`prepare` turns what a client sent into columns, `create`, `update` and `remove` write, `read` finds, with `filters`,
`order` and `aggregates` as its parts, `relations` loads what is connected. REST and GraphQL are thin shells over it.
"""
