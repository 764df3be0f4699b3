"""The Dagster face of the migration: assets, checks, jobs, resource. Only it and `definitions` import Dagster.

Modules that define assets or checks evaluate their annotations (no `from __future__ import annotations`): Dagster looks
at the type of `context`, and does not look names up.

Belongs here: what the graph looks like, and how figures of a step become events. Does not belong here: the work of a
step (`migration.session`). Events carry counts, codes, column names and line numbers, never a patient's data.
"""
