"""Twenty's rules for names, labels and options, checked before anything is sent.

Belongs here: what the server would refuse (metadata-object-errors, metadata-field-errors, metadata-select-options), in
words that say what to change. Its own answers bury the cause under dozens of consequences, or are a bare 500.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from dentes_twenty.objects.target import Option
from dentes_twenty.twenty.model import COMPOSITE_PARTS, capital

LONGEST = 63
_RESERVED = """
approvedAccessDomain approvedAccessDomains appToken appTokens billingCustomer billingCustomers
billingEntitlement billingEntitlements billingMeter billingMeters billingProduct billingProducts
billingSubscription billingSubscriptions billingSubscriptionItem billingSubscriptionItems featureFlag
featureFlags job jobs keyValuePair keyValuePairs pageLayout pageLayouts pageLayoutTab pageLayoutTabs
pageLayoutWidget pageLayoutWidgets twoFactorMethod twoFactorMethods user users userWorkspace userWorkspaces
workspace workspaces role roles userWorkspaceRole userWorkspaceRoles plan plans event events field fields link
links currency currencies fullNames address addresses type types object objects index relation relations
aggregate search searches
"""
RESERVED = frozenset(_RESERVED.split())
"""Names that no object and no custom field may have (reserved-metadata-name-keywords, 2.19)."""

_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_OPTION = re.compile(r"(?!.*__)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def name_problem(name: str) -> str | None:
    """Why no object or custom field can have this name, or None."""
    if not _NAME.fullmatch(name):
        return "is no name in camelCase of ASCII letters and digits"
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if name in RESERVED:
        return "is a word that Twenty keeps for itself"
    return None


def label_problem(label: str) -> str | None:
    """Why a label cannot be used, or None."""
    if not label.strip():
        return "has no label"
    return f"has a label longer than {LONGEST} characters" if len(label) > LONGEST else None


def options_problem(options: Sequence[Option], labels: Sequence[str]) -> str | None:
    """Why these options cannot be made, or None. The offending option is told by its number: forms make options
    from answers, which are patient data."""
    if not options:
        return "has no options"
    seen: set[str] = set()
    for number, (option, label) in enumerate(zip(options, labels, strict=True), start=1):
        where = f"option {number}"
        if not _OPTION.fullmatch(option.value):
            return f"has a value that is not UPPER_SNAKE_CASE ({where})"
        if len(option.value) > LONGEST or len(label) > LONGEST:
            return f"has a value or label longer than {LONGEST} characters ({where})"
        if not label.strip() or "," in label:
            return f"has an empty label or one with a comma ({where})"
        if option.value in seen:
            return f"has the same value twice ({where})"
        seen.add(option.value)
    return None


def composite_columns(name: str, type_: str) -> tuple[str, ...]:
    """Database columns of a composite field; their names are taken (`nameFirstName`)."""
    return tuple(f"{name}{capital(part)}" for part in COMPOSITE_PARTS.get(type_, ()))


_WORD = re.compile(
    r"[A-Z]?[a-z]+(?=[^A-Za-z0-9]|[A-Z]|$)"
    r"|[A-Z]+(?=[^A-Za-z0-9]|[A-Z][a-z]|$)"
    r"|[A-Z]?[a-z]+|[A-Z]+"
    r"|\d+"
)
_HAS_WORDS = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]|[0-9][A-Za-z]|[A-Za-z][0-9]|[^A-Za-z0-9 ]")


def camel_case(name: str) -> str:
    """A name as lodash's `camelCase` writes it, for ASCII.

    Twenty names its GraphQL operations so: `formKVKKOnam2as` is asked for as `formKvkkOnam2As`, while REST paths and
    join columns keep the name as it is (found on 2.19).
    """
    words = _WORD.findall(name) if _HAS_WORDS.search(name) else name.split()
    return "".join(word.lower() if number == 0 else capital(word.lower()) for number, word in enumerate(words))


def name_from_label(label: str) -> str:
    """The name that Twenty gives to the other side of a relation: its label in camel case, ASCII."""
    plain = unicodedata.normalize("NFKD", label.translate(str.maketrans("ıİ", "iI"))).encode("ascii", "ignore").decode()
    return camel_case(re.sub(r"[^A-Za-z0-9]+", " ", plain).strip())
