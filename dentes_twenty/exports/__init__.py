"""The Dr.DENTES side: bytes to typed rows.

Lower half: `drop` (files), `tables` (raw rows), `formats`, `cells`, `richtext` (pure parsers).
Upper half: mapping, proposal, staging. Nothing here knows Twenty, and nothing here writes into a drop.
"""
