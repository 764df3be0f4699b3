"""An embedded Twenty-compatible server for dry runs, demos and tests."""
