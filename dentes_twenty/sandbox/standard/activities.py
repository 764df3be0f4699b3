"""Tasks, notes, their links, attachments, the timeline, and dashboards."""

from __future__ import annotations

from dentes_twenty.sandbox.standard.declare import CASCADE, SET_NULL, F, Obj, morph, to_many, to_one

TASK = Obj(
    "task",
    "tasks",
    "Task",
    "Tasks",
    "A task",
    "IconCheckbox",
    "title",
    (
        F("title", "TEXT", "Title", "Task title", "IconNotes"),
        F("bodyV2", "RICH_TEXT", "Body", "Task body", "IconFilePencil"),
        F("dueAt", "DATE_TIME", "Due Date", "Task due date", "IconCalendarEvent"),
        F(
            "status",
            "SELECT",
            "Status",
            "Task status",
            "IconCheck",
            default="'TODO'",
            options=(
                ("TODO", "To do", "sky"),
                ("IN_PROGRESS", "In progress", "purple"),
                ("DONE", "Done", "green"),
            ),
        ),
        to_many("taskTargets", "Relations", "taskTarget", "task", icon="IconArrowUpRight"),
        to_many("attachments", "Attachments", "attachment", "target", icon="IconFileImport"),
        to_one("assignee", "Assignee", "workspaceMember", "assignedTasks", icon="IconUserCircle"),
        to_many("timelineActivities", "Timeline Activities", "timelineActivity", "target"),
    ),
    searchable=True,
    shortcut="T",
)

NOTE = Obj(
    "note",
    "notes",
    "Note",
    "Notes",
    "A note",
    "IconNotes",
    "title",
    (
        F("title", "TEXT", "Title", "Note title", "IconNotes"),
        F("bodyV2", "RICH_TEXT", "Body", "Note body", "IconFilePencil"),
        to_many("noteTargets", "Relations", "noteTarget", "note", icon="IconArrowUpRight"),
        to_many("attachments", "Attachments", "attachment", "target", icon="IconFileImport"),
        to_many("timelineActivities", "Timeline Activities", "timelineActivity", "target"),
    ),
    searchable=True,
    shortcut="N",
)

TASK_TARGET = Obj(
    "taskTarget",
    "taskTargets",
    "Task Target",
    "Task Targets",
    "A task target",
    "IconCheckbox",
    "id",
    (
        to_one("task", "Task", "task", "taskTargets", on_delete=CASCADE, icon="IconCheckbox"),
        morph("person", "taskTargets"),
        morph("company", "taskTargets"),
        morph("opportunity", "taskTargets"),
    ),
    system=True,
)

NOTE_TARGET = Obj(
    "noteTarget",
    "noteTargets",
    "Note Target",
    "Note Targets",
    "A note target",
    "IconCheckbox",
    "id",
    (
        to_one("note", "Note", "note", "noteTargets", on_delete=CASCADE, icon="IconNotes"),
        morph("person", "noteTargets"),
        morph("company", "noteTargets"),
        morph("opportunity", "noteTargets"),
    ),
    system=True,
)

ATTACHMENT = Obj(
    "attachment",
    "attachments",
    "Attachment",
    "Attachments",
    "An attachment",
    "IconFileImport",
    "name",
    (
        F("name", "TEXT", "Name", "Attachment name", "IconFileUpload"),
        F("file", "FILES", "File", "Attachment file", "IconFileImport", settings={"maxNumberOfValues": 1}),
        F("fullPath", "TEXT", "Full path", "Attachment full path", "IconLink"),
        F(
            "fileCategory",
            "SELECT",
            "File category",
            "Attachment file category",
            "IconList",
            nullable=False,
            default="'OTHER'",
            options=(
                ("ARCHIVE", "Archive", "gray"),
                ("AUDIO", "Audio", "pink"),
                ("IMAGE", "Image", "yellow"),
                ("PRESENTATION", "Presentation", "orange"),
                ("SPREADSHEET", "Spreadsheet", "turquoise"),
                ("TEXT_DOCUMENT", "Text Document", "blue"),
                ("VIDEO", "Video", "purple"),
                ("OTHER", "Other", "gray"),
            ),
        ),
        morph("task", "attachments", on_delete=SET_NULL),
        morph("note", "attachments", on_delete=SET_NULL),
        morph("person", "attachments"),
        morph("company", "attachments"),
        morph("opportunity", "attachments"),
        morph("dashboard", "attachments"),
        morph("workflow", "attachments"),
    ),
    system=True,
)

TIMELINE_ACTIVITY = Obj(
    "timelineActivity",
    "timelineActivities",
    "Timeline Activity",
    "Timeline Activities",
    "Aggregated / filtered event to be displayed on the timeline",
    "IconTimelineEvent",
    "name",
    (
        F("happensAt", "DATE_TIME", "Creation date", nullable=False, default="now"),
        F("name", "TEXT", "Event name", "Event name", "IconAbc"),
        F("properties", "RAW_JSON", "Event details", "Json value for event details", "IconListDetails"),
        F("linkedRecordCachedName", "TEXT", "Linked Record cached name", icon="IconAbc"),
        F("linkedRecordId", "UUID", "Linked Record id", icon="IconAbc"),
        F("linkedObjectMetadataId", "UUID", "Linked Object Metadata Id", icon="IconAbc"),
        to_one("workspaceMember", "Workspace Member", "workspaceMember", "timelineActivities"),
        morph("task", "timelineActivities"),
        morph("note", "timelineActivities"),
        morph("person", "timelineActivities"),
        morph("company", "timelineActivities"),
        morph("opportunity", "timelineActivities"),
        morph("dashboard", "timelineActivities"),
        morph("workflow", "timelineActivities"),
        morph("workflowVersion", "timelineActivities"),
        morph("workflowRun", "timelineActivities"),
    ),
    system=True,
)

DASHBOARD = Obj(
    "dashboard",
    "dashboards",
    "Dashboard",
    "Dashboards",
    "A dashboard",
    "IconLayoutDashboard",
    "title",
    (
        F("title", "TEXT", "Title", "Dashboard title", "IconNotes"),
        F("pageLayoutId", "UUID", "Page Layout ID", "Dashboard page layout", "IconId"),
        to_many("attachments", "Attachments", "attachment", "target", icon="IconFileImport"),
        to_many("timelineActivities", "Timeline Activities", "timelineActivity", "target"),
    ),
    searchable=True,
    shortcut="D",
)

OBJECTS = (TASK, NOTE, TASK_TARGET, NOTE_TARGET, ATTACHMENT, TIMELINE_ACTIVITY, DASHBOARD)
