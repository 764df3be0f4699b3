"""Choice lists: one line says an option's value, its labels and the words that exports use for it.

Belongs here: the building block and the lists that several objects share. A list that belongs to one object
stands in that object's file. From one `Choices` come the options to provision and the words to map.
"""

from __future__ import annotations

import dataclasses

from dentes_twenty.objects.source import ValueMap
from dentes_twenty.objects.target import Option


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """One option with the words (Turkish and English) that mean it; its own labels always count as words."""

    value: str
    label: str
    label_tr: str
    words: tuple[str, ...] = ()
    color: str = "gray"


class Choices:
    """An ordered list of choices. `fallback` names the option for a word that nobody mapped.

    Raises ValueError when the fallback is not one of the choices.
    """

    def __init__(self, *choices: Choice, fallback: str | None = None) -> None:
        if fallback is not None and fallback not in {choice.value for choice in choices}:
            raise ValueError(f"fallback {fallback} is not an option")
        self.choices = choices
        self.fallback = fallback

    @property
    def options(self) -> tuple[Option, ...]:
        """As Twenty's SELECT wants them, in display order."""
        return tuple(Option(c.value, c.label, c.label_tr, c.color) for c in self.choices)

    @property
    def words(self) -> ValueMap:
        """As the reader wants them. A label word that is also another option's word goes to the first that has it."""
        seen: set[str] = set()
        words: dict[str, tuple[str, ...]] = {}
        for choice in self.choices:
            mine = [w for w in (*choice.words, choice.label_tr, choice.label, choice.value) if w]
            words[choice.value] = tuple(dict.fromkeys(w for w in mine if w not in seen))
            seen.update(words[choice.value])
        return ValueMap(words, self.fallback)

    def label(self, value: str, language: str = "en") -> str:
        """The label that people read. Raises KeyError for a value that is not in the list."""
        for choice in self.choices:
            if choice.value == value:
                return choice.label_tr if language == "tr" and choice.label_tr else choice.label
        raise KeyError(value)


YES_NO = ValueMap(
    {
        "true": ("Evet", "E", "Var", "Yes", "Y", "True", "1", "X", "Onaylı", "İzinli", "Doğru"),
        "false": ("Hayır", "H", "Yok", "No", "N", "False", "0", "Yanlış"),
    }
)
ACTIVE = ValueMap(
    {
        "true": ("Aktif", "Active", "Çalışıyor", "Evet", "Yes", "True", "1"),
        "false": ("Pasif", "Inactive", "Ayrıldı", "Hayır", "No", "False", "0"),
    }
)
