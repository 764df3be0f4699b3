"""The same against a real Twenty: `TWENTY_URL=... TWENTY_API_KEY=... pytest -m real`.

Makes records, fields and an object of its own and takes them away again. Skipped where no server is named.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import AsyncIterator

import pytest

from dentes_twenty.objects.target import FieldType, Option, RelationTo, TargetField, TargetObject
from dentes_twenty.twenty.client import TwentyClient
from dentes_twenty.twenty.files import Attachment, FileStore, LocalFile
from dentes_twenty.twenty.provision import plan
from dentes_twenty.twenty.provisioning import PartState, ProvisionedPart, apply, remove
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.transfer import Digest
from dentes_twenty.twenty.values import Verdict, cleared, compare

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.real,
    pytest.mark.skipif("TWENTY_URL" not in os.environ, reason="TWENTY_URL and TWENTY_API_KEY name no real server"),
]

RUN = uuid.uuid4().hex[:8]


def own(label: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{RUN}/{label}"))


@pytest.fixture
async def real() -> AsyncIterator[RecordStore]:
    async with TwentyClient(os.environ["TWENTY_URL"], os.environ["TWENTY_API_KEY"]) as client:
        yield await RecordStore.open(client)


async def test_records_of_every_type_are_stored_as_sent_and_cleared(real: RecordStore) -> None:
    run = f"real{RUN}"
    fields = [
        TargetField("sourceSystemId", FieldType.TEXT, "Source system ID", unique=True),
        TargetField("born", FieldType.DATE, "Born"),
        TargetField("seenAt", FieldType.DATE_TIME, "Seen"),
        TargetField("consent", FieldType.BOOLEAN, "Consent"),
        TargetField("weight", FieldType.NUMBER, "Weight"),
        TargetField("kind", FieldType.SELECT, "Kind", options=(Option("A", "Ä"), Option("B", "B"))),
        TargetField("duties", FieldType.MULTI_SELECT, "Duties", options=(Option("A", "A"), Option("B", "B"))),
        TargetField("fee", FieldType.CURRENCY, "Fee"),
        TargetField("mails", FieldType.EMAILS, "Mails"),
        TargetField("numbers", FieldType.PHONES, "Numbers"),
        TargetField("sites", FieldType.LINKS, "Sites"),
        TargetField("home", FieldType.ADDRESS, "Home"),
        TargetField("story", FieldType.RICH_TEXT, "Story"),
        TargetField("patient", FieldType.RELATION, "Patient", relation=RelationTo("person", f"Visits {run}")),
    ]
    visit = TargetObject(run, f"{run}s", f"Visit {run}", f"Visits {run}", standard=False, fields=tuple(fields))
    before = real.model
    made: list[ProvisionedPart] = []
    try:
        await apply(
            real.client, plan([visit], before), before, lambda p, s: made.append(p) if s is PartState.MADE else None
        )
        model = await real.refresh()
        assert plan([visit], model).empty
        await real.create("person", [{"id": own("p"), "jobTitle": RUN}])
        sent = {
            "id": own("v"),
            "name": "Şule & <b>",
            "sourceSystemId": "visit:1",
            "born": "1990-02-28",
            "seenAt": "2024-02-03T04:05:06.789Z",
            "consent": False,
            "weight": 61.5,
            "kind": "B",
            "duties": ["B", "A"],
            "fee": {"amountMicros": -1234567891, "currencyCode": "TRY"},
            "mails": {"primaryEmail": "A.B@Example.com", "additionalEmails": ["c@d.ef"]},
            "numbers": {
                "primaryPhoneNumber": "5321234567",
                "primaryPhoneCountryCode": "TR",
                "primaryPhoneCallingCode": "+90",
                "additionalPhones": [{"number": "2165550102", "countryCode": "TR", "callingCode": "+90"}],
            },
            "sites": {"primaryLinkUrl": "https://A.example/x/", "primaryLinkLabel": None, "secondaryLinks": None},
            "home": {"addressStreet1": "Sokak 1", "addressCity": "İzmir", "addressCountry": "TR"},
            "story": {"markdown": "# Diş\n\n- bir\n- iki"},
            "patientId": own("p"),
        }
        types = real.field_types(run)
        outcome = await real.create(run, [sent])
        stored = outcome.stored[own("v")]
        assert [n for n, v in sent.items() if compare(types[n], v, stored[n]) is Verdict.LOST] == []
        empty = {n: cleared(types[n]) for n in sent if n not in ("id", "sourceSystemId")}
        again = await real.create(run, [{"id": own("v"), **empty}], upsert=True)
        kept = again.stored[own("v")]
        assert [n for n, v in empty.items() if compare(types[n], v, kept[n]) is Verdict.LOST] == []
        assert (await real.aggregate(run, sum_micros=["fee"])).sums == {"fee": 0}
    finally:
        model = await real.refresh()
        for part in reversed(made):
            await remove(real.client, part, model)
        await real.destroy("person", [own("p")])
    assert (await real.refresh()).fingerprint() == before.fingerprint()


async def test_bad_rows_are_named_and_the_others_land(real: RecordStore) -> None:
    ids = [own(f"b{n}") for n in range(60)]
    rows = [{"id": i, "jobTitle": RUN, "emails": {"primaryEmail": f"{i}@example.com"}} for i in ids]
    rows[3]["emails"] = {"primaryEmail": "nope"}
    rows[7]["emails"] = rows[8]["emails"]
    rows[9]["companyId"] = own("nobody")
    rows[11]["linkedinLink"] = {"primaryLinkUrl": "not a url"}
    rows[13]["phones"] = {"primaryPhoneNumber": "abc"}
    try:
        outcome = await real.create("person", rows)
        assert {r.id: (r.code, r.field) for r in outcome.refused} == {
            ids[3]: ("invalid_value", "emails.primaryEmail"),
            ids[8]: ("duplicate", "emails.primaryEmail"),
            ids[9]: ("foreign_key", "companyId"),
            ids[11]: ("invalid_value", "linkedinLink"),
            ids[13]: ("invalid_value", "phones"),
        }
        assert (await real.create("person", [r for r in rows if r["id"] in outcome.stored])).already == set(
            outcome.stored
        )
    finally:
        await real.destroy("person", ids)


async def test_files_come_back_whole(real: RecordStore) -> None:
    note = own("n")
    content = "Röntgen\n".encode() * 1000
    try:
        await real.create("note", [{"id": note, "title": RUN}])
        async with FileStore(real) as files:
            uploaded = await files.upload(LocalFile("Röntgen ş.txt", len(content), lambda: io.BytesIO(content)))
            await files.attach([Attachment(own("a"), "Röntgen ş.txt", uploaded, {"note": note})])
            again = await files.attach([Attachment(own("a"), "Röntgen ş.txt", uploaded, {"note": note})])
            assert again.already == {own("a")}
            assert await files.verify([own("a")]) == {own("a"): Digest(uploaded.size, uploaded.sha256)}
    finally:
        await real.destroy("attachment", [own("a")])
        await real.destroy("note", [note])
