"""14. Inventory / supply item -> custom object supplyItem, and its suppliers -> Company (data-model.md, 14)."""

from __future__ import annotations

from dentes_twenty.objects.common import amount
from dentes_twenty.objects.company import company_target, name_field
from dentes_twenty.objects.fields import (
    SourceObject,
    column,
    field,
    keyed_relation,
    money,
    number,
    source_key,
    text_or,
)
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType, RelationTo, TargetObject

SUPPLIER = "@supplier"  # fact of planning: "supplier:<key>", or the practice or payer of that name

REPORT = Report(
    name="item",
    titles=("Stok", "Stok Kart", "Stok Listesi", "Malzemeler", "Depo", "Supplies", "Inventory"),
    key="item_id",
    columns=(
        Column(
            "item_id", Kind.ID, ("Stok Kodu", "Stok Kart Kodu", "Stok No", "Malzeme Kodu", "Item ID"), required=True
        ),
        Column("name", Kind.TEXT, ("Stok Adı", "Malzeme", "Malzeme Adı", "Ürün Adı", "Item", "Item name", "Name")),
        Column("sku", Kind.ID, ("Üretici Kodu", "Ürün Kodu", "SKU", "Manufacturer code")),
        Column("barcode", Kind.ID, ("Barkod", "Barkod No", "Barcode", "GTIN")),
        Column("unit", Kind.TEXT, ("Birim", "Birimi", "Ölçü Birimi", "Unit")),
        Column(
            "quantity_on_hand",
            Kind.NUMBER,
            ("Mevcut", "Mevcut Miktar", "Stok Miktarı", "Miktar", "On hand", "Quantity"),
        ),
        Column(
            "reorder_level", Kind.NUMBER, ("Kritik Seviye", "Kritik Stok", "Minimum Stok", "Reorder level", "Minimum")
        ),
        amount("unit_price", "Birim Fiyat", "Birim Fiyatı", "Fiyat", "Alış Fiyatı", "Unit price", "Price"),
        Column("supplier_id", Kind.ID, ("Tedarikçi Kodu", "Tedarikçi No", "Firma Kodu", "Supplier ID")),
        Column(
            "supplier_name",
            Kind.TEXT,
            ("Tedarikçi", "Tedarikçi Adı", "Firma", "Firma Adı", "Supplier", "Supplier name"),
        ),
    ),
)

FIELDS = (
    source_key("item", "item_id"),
    field("name", FieldType.TEXT, "Name", text_or("name", "Item {}", key="item_id"), standard=True),
    field("sku", FieldType.TEXT, "SKU", column("sku")),
    field("barcode", FieldType.TEXT, "Barcode", column("barcode")),
    field("unit", FieldType.TEXT, "Unit", column("unit")),
    field("quantityOnHand", FieldType.NUMBER, "Quantity on hand", number("quantity_on_hand")),
    field("reorderLevel", FieldType.NUMBER, "Reorder level", number("reorder_level")),
    field("unitPrice", FieldType.CURRENCY, "Unit price", money("unit_price")),
    field(
        "supplier",
        FieldType.RELATION,
        "Supplier",
        keyed_relation(
            SUPPLIER, ("supplier_id", "supplier_name"), "link to the supplier, or to the company of that name"
        ),
        to=RelationTo("company", "Supply items"),
    ),
)

DECLARATION = SourceObject(
    name="item",
    label="Supply items",
    report=REPORT,
    target=TargetObject(
        "supplyItem",
        "supplyItems",
        "Supply item",
        "Supply items",
        False,
        tuple(f.target for f in FIELDS),
        "IconPackage",
        "A consumable or instrument in stock.",
    ),
    fields=FIELDS,
)

SUPPLIER_FIELDS = (
    source_key("supplier", "supplier_key"),
    name_field("supplier_name"),
)

# A supplier that is no company yet becomes one; its rows are made by planning from the supply items.
SUPPLIER_DECLARATION = SourceObject(
    name="supplier",
    label="Suppliers",
    report=Report(
        "supplier", (), "supplier_key", (Column("supplier_key", Kind.ID, ()), Column("supplier_name", Kind.TEXT, ()))
    ),
    target=company_target(SUPPLIER_FIELDS),
    fields=SUPPLIER_FIELDS,
    rank=2,
    made_from=("item",),
)
