"""Checks that stand alone, so that an operator can run them again at any time: counts and money against Twenty.

Belongs here: comparing what the accepted rows come to with what Twenty's aggregates say. Does not belong here: checks
of a step's own work, which are part of that step (`assets_export`, `assets_load`).

https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Iterable
from decimal import Decimal

import dagster as dg

from dentes_twenty.migration.totals import Total
from dentes_twenty.orchestration import metadata as md
from dentes_twenty.orchestration.assets_load import objects_of
from dentes_twenty.orchestration.layout import LOAD_STEPS, LoadStep
from dentes_twenty.orchestration.resources import Session

COUNTS_CHECK, MONEY_CHECK = "counts", "money"
RECORDS = "records"  # the name of a Total that counts; all others are sums of money
MICROS = 6


def totals_check(load: LoadStep) -> dg.AssetChecksDefinition:
    """Counts, and money to the smallest coin, of one asset: one step, since they come from the same queries."""
    key = dg.AssetKey(load.name)
    specs = [
        dg.AssetCheckSpec(
            COUNTS_CHECK, asset=key, description="Twenty holds as many records of the migration as rows were accepted."
        )
    ]
    if load.has_money:
        specs.append(
            dg.AssetCheckSpec(
                MONEY_CHECK,
                asset=key,
                description="Every amount sums up in Twenty to what the accepted rows come to, to the smallest coin.",
            )
        )

    @dg.multi_asset_check(
        name=f"{load.name}_totals", specs=specs, description=f"Counts and sums of {load.name} against Twenty."
    )
    def compare(
        context: dg.AssetCheckExecutionContext, session: dg.ResourceParam[Session]
    ) -> Iterable[dg.AssetCheckResult]:
        with session.look(f"{load.name}_totals", context.log.info) as step:
            migration = session.migration
            totals = [total for object_ in objects_of(load, migration) for total in session.compare(object_)]
            counts = [total for total in totals if total.name == RECORDS]
            money = [total for total in totals if total.name != RECORDS]
            step.figures = {"compared": len(totals), "different": sum(not total.ok for total in totals)}
        yield _result(load.name, COUNTS_CHECK, counts, decimals=0)
        if load.has_money:
            yield _result(load.name, MONEY_CHECK, money, decimals=MICROS)

    return compare


def _result(asset: str, check: str, totals: list[Total], decimals: int) -> dg.AssetCheckResult:
    wrong = [total for total in totals if not total.ok]
    records = [
        dg.TableRecord(
            {
                "source": total.source_object,
                "figure": total.name,
                "expected": shown(total.expected, decimals),
                "found": shown(total.found, decimals),
                "same": total.ok,
            }
        )
        for total in totals
    ]
    schema = dg.TableSchema(
        [
            dg.TableColumn("source", "string"),
            dg.TableColumn("figure", "string"),
            dg.TableColumn("expected", "string"),
            dg.TableColumn("found", "string"),
            dg.TableColumn("same", "bool"),
        ]
    )
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(asset),
        check_name=check,
        passed=not wrong,
        description=f"{len(totals)} figures compared, {len(wrong)} differ.",
        metadata={"figures": dg.MetadataValue.table(records, schema=schema), **md.figures({"different": len(wrong)})},
    )


def shown(value: int, decimals: int) -> str:
    """A figure exactly, money with at least two decimals: 16_099_377_870_000 micros are "16,099,377.87"."""
    if not decimals:
        return f"{value:,}"
    exact = Decimal(value).scaleb(-decimals)
    return f"{exact.quantize(Decimal('0.01')) if exact == round(exact, 2) else exact.normalize():,f}"


def standalone_checks() -> list[dg.AssetChecksDefinition]:
    """One for each asset of the group "twenty" that holds records."""
    return [totals_check(step) for step in LOAD_STEPS]
