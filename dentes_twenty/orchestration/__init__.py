"""The Dagster face of the migration: assets, checks, jobs, resource. Only it and `definitions` import Dagster.

Belongs here: what the graph looks like, and how figures of a step become events. Does not belong here: the work of a
step (`migration.session`). Events carry counts, codes, column names and line numbers, never a patient's data.
"""
