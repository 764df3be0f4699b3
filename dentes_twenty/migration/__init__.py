"""Between the two sides: ids, the ledger, planning, loading, merging, reconciling and rolling back.

Stands on `objects`, `exports` and `twenty`; knows nothing of Dagster, of the command line or of reports.
"""
