"""The definitions of a practice with a sensor that is on and looks every second; a real `dagster dev` loads this."""

from __future__ import annotations

import dagster as dg

from dentes_twenty.definitions import build_defs
from dentes_twenty.orchestration.sensors import drop_sensor


def watched() -> dg.Definitions:
    """The practice's own, but for the sensor."""
    base = build_defs()
    return dg.Definitions(
        assets=base.assets,
        asset_checks=base.asset_checks,
        jobs=base.jobs,
        sensors=[drop_sensor(every=1, running=True)],
        resources=base.resources,
        executor=base.executor,
    )


defs = watched()
