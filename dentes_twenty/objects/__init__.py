"""The map: what arrives from Dr.DENTES and where it lands in Twenty.

One file per source object, declarations only: no I/O, no Dagster, no HTTP. Everything else (schemas,
header matcher, data model to provision, records, lineage, comparison, documentation) derives from here.
"""
