"""The commands of `dentes-twenty`, a module for each family. Thin: each runs a job or prints a report.

Modules are imported at start, so they import nothing heavy at the top: Dagster and pandas take seconds that
`--help` does not have. Results go to stdout, everything else to stderr.
"""
