"""The wire: everything that talks to Twenty CRM, and nothing that knows what a dental practice is.

Plain asyncio Python: a client with a rate limit, the workspace's data model, its provisioning, records, values,
files and members. What a field means, and when something is written, is decided above (package `migration`).
Patient data passes through here and stays in return values: no exception, log line or `repr` carries it.
"""
