"""Other programs that load records, beside ours: the same rows, the same target, one run.

Belongs here: the comparison (`comparison`), the environments of the peers (`environments`), and one program for each
peer, which runs in the peer's own environment and imports nothing of this project but `common`, which imports nothing.
Their exact versions stand in `requirements-*.txt`.
"""
