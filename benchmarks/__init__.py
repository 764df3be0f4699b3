"""Where the performance numbers come from: programs that measure, and the page made of what they measured.

Belongs here: measuring, results (`results/*.json`) and docs/benchmarks.md. Does not belong here: tests of behaviour
(`dentes_twenty_tests`); nothing of the package imports this.

    python -m benchmarks [--only NAME] [--full]
"""
