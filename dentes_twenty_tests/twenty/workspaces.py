"""Small workspaces as the metadata API describes them: 2.x by GraphQL, 2.x by REST, 1.x."""

from __future__ import annotations

import uuid
from typing import Any

from dentes_twenty.twenty.model import WorkspaceModel, parse_model


def _id(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def field(owner: str, name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": _id(owner, name),
        "name": name,
        "label": more.pop("label", name.capitalize()),
        "type": kind,
        "isActive": True,
        "isSystem": False,
        "isNullable": True,
        "isUnique": False,
        **more,
    }


def options(*values: str) -> list[dict[str, Any]]:
    return [
        {"id": _id("option", v), "value": v, "label": v.capitalize(), "color": "gray", "position": i}
        for i, v in enumerate(values)
    ]


def many_to_one(owner: str, name: str, target: str, inverse: str, **more: Any) -> dict[str, Any]:
    return field(
        owner,
        name,
        "RELATION",
        settings={"relationType": "MANY_TO_ONE", "joinColumnName": f"{name}Id", "onDelete": "SET_NULL"},
        relation={
            "type": "MANY_TO_ONE",
            "targetObjectMetadata": {"nameSingular": target},
            "targetFieldMetadata": {"name": inverse},
        },
        **more,
    )


def one_to_many(owner: str, name: str, target: str) -> dict[str, Any]:
    return field(
        owner,
        name,
        "RELATION",
        settings={"relationType": "ONE_TO_MANY"},
        relation={"type": "ONE_TO_MANY", "targetObjectMetadata": {"nameSingular": target}},
    )


def morph(owner: str, *targets: str) -> dict[str, Any]:
    return field(
        owner,
        "target",
        "MORPH_RELATION",
        settings={"relationType": "MANY_TO_ONE", "joinColumnName": f"target{targets[0].capitalize()}Id"},
        morphRelations=[{"targetObjectMetadata": {"nameSingular": t}} for t in targets],
    )


def entry(singular: str, plural: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = [
        field(singular, "id", "UUID", isSystem=True, isNullable=False),
        field(singular, "createdAt", "DATE_TIME", isSystem=True),
        field(singular, "deletedAt", "DATE_TIME", isSystem=True),
        field(singular, "position", "POSITION", isSystem=True),
        field(singular, "createdBy", "ACTOR", isSystem=True),
        field(singular, "searchVector", "TS_VECTOR", isSystem=True),
    ]
    return {
        "id": _id(singular),
        "nameSingular": singular,
        "namePlural": plural,
        "labelSingular": singular.capitalize(),
        "labelPlural": plural.capitalize(),
        "isActive": True,
        "isSystem": False,
        "fieldsList": [*base, *fields],
        **more,
    }


def twenty_2() -> list[dict[str, Any]]:
    return [
        entry(
            "person",
            "people",
            field("person", "name", "FULL_NAME"),
            field("person", "emails", "EMAILS", isUnique=True),
            field("person", "phones", "PHONES"),
            field("person", "jobTitle", "TEXT"),
            many_to_one("person", "company", "company", "people"),
            one_to_many("person", "taskTargets", "taskTarget"),
        ),
        entry(
            "company",
            "companies",
            field("company", "name", "TEXT"),
            field("company", "domainName", "LINKS", isUnique=True),
            field("company", "address", "ADDRESS"),
            one_to_many("company", "people", "person"),
        ),
        entry(
            "opportunity",
            "opportunities",
            field("opportunity", "name", "TEXT"),
            field("opportunity", "amount", "CURRENCY"),
            field("opportunity", "stage", "SELECT", isNullable=False, options=options("NEW", "PROPOSAL")),
            many_to_one("opportunity", "pointOfContact", "person", "pointOfContactForOpportunities"),
        ),
        entry(
            "task",
            "tasks",
            field("task", "title", "TEXT"),
            field("task", "bodyV2", "RICH_TEXT"),
            field("task", "status", "SELECT", options=options("TODO", "IN_PROGRESS", "DONE")),
            many_to_one("task", "assignee", "workspaceMember", "assignedTasks"),
        ),
        entry(
            "taskTarget",
            "taskTargets",
            many_to_one("taskTarget", "task", "task", "taskTargets"),
            morph("taskTarget", "person", "company", "opportunity"),
            isSystem=True,
        ),
        entry(
            "attachment",
            "attachments",
            field("attachment", "name", "TEXT"),
            field("attachment", "file", "FILES", settings={"maxNumberOfValues": 1}),
            field("attachment", "fullPath", "TEXT"),
            field("attachment", "fileCategory", "SELECT", options=options("IMAGE", "TEXT_DOCUMENT", "OTHER")),
            morph("attachment", "person", "note", "company"),
            isSystem=True,
        ),
        entry(
            "workspaceMember",
            "workspaceMembers",
            field("workspaceMember", "name", "FULL_NAME"),
            field("workspaceMember", "userEmail", "TEXT", isUnique=True),
            field("workspaceMember", "jobTitle", "TEXT"),
            isSystem=True,
        ),
    ]


def twenty_2_by_rest() -> list[dict[str, Any]]:
    """Null properties left out, `fields` for `fieldsList`, no targets, a field for each target of a morph relation."""
    entries = []
    for item in twenty_2():
        fields = []
        for raw in item.pop("fieldsList"):
            targets = [m["targetObjectMetadata"]["nameSingular"] for m in raw.pop("morphRelations", [])]
            raw.pop("relation", None)
            for name in [f"target{t.capitalize()}" for t in targets] or [raw["name"]]:
                settings = raw.get("settings")
                if targets:
                    settings = {**raw["settings"], "joinColumnName": f"{name}Id"}
                one = {**raw, "name": name, "settings": settings}
                fields.append({k: v for k, v in one.items() if v is not None})
        entries.append({**item, "fields": fields})
    return entries


def twenty_1() -> list[dict[str, Any]]:
    """Targets as plain relations (`personId`), rich text under its older type name."""
    entries = twenty_2()
    for item in entries:
        name = item["nameSingular"]
        if name == "taskTarget":
            item["fieldsList"] = [f for f in item["fieldsList"] if f["type"] != "MORPH_RELATION"]
            item["fieldsList"] += [many_to_one(name, t, t, "taskTargets") for t in ("person", "company", "opportunity")]
        for raw in item["fieldsList"]:
            if raw["type"] == "RICH_TEXT":
                raw["type"] = "RICH_TEXT_V2"
    return entries


def model() -> WorkspaceModel:
    return parse_model(twenty_2())
