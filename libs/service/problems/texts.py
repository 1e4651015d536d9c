"""What a service would have its users read of a problem, by language and code."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from libs.service.problems.declared import entries
from libs.service.problems.languages import best_language
from libs.service.settings import SettingsError

FOLDER = "texts"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True)
class Texts:
    """The texts of one service.

    :param by_language: by tag in small letters, texts by code.
    :param default: the language of a user of whom nothing fitting is known; it has every text.
    """

    by_language: Mapping[str, Mapping[str, str]]
    default: str

    @classmethod
    def load(cls, folder: Path, *, codes: Collection[str], default: str) -> "Texts":
        """Read ``<folder>/<language>.yaml`` of each language.

        :param codes: those there may be texts for.
        :raises SettingsError: naming file and line of every fault: an unknown code, an empty text, a code
            without a text in the default language, a file that is none of a language.
        """
        faults: list[str] = []
        texts = {
            path.stem: _texts(path, codes, faults)
            for path in sorted(folder.iterdir())
            if not path.name.startswith((".", "__"))
        }
        usual = texts.get(default)
        if usual is None:
            faults.append(f"{_short(folder)}: There is no {default}.yaml, the language of the service.")
        for language, one in texts.items():
            missing = sorted(one.keys() - usual.keys()) if usual is not None else []
            faults += [
                f"{_short(folder / default)}.yaml: {code} is missing; {language} has it." for code in missing
            ]
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(texts, default)

    def find(self, code: str, accepted: str | None) -> tuple[str, str] | None:
        """Return the text for a code and its language; None where the service has none.

        :param accepted: the header Accept-Language of the request.
        """
        spoken = [one for one, texts in self.by_language.items() if code in texts]
        if not spoken:
            return None
        language = best_language(accepted, spoken, self.default)
        return self.by_language[language][code], language


def _texts(path: Path, codes: Collection[str], faults: list[str]) -> dict[str, str]:
    if path.suffix != ".yaml" or not _LANGUAGE.fullmatch(path.stem):
        faults.append(f"{_short(path)}: Not named after a language: write de.yaml, pt-br.yaml.")
        return {}
    found: dict[str, str] = {}
    try:
        for code, text, where in entries(path):
            if code not in codes:
                faults.append(f"{where}: {code} is no code of this service; see docs/problems.md.")
            elif not isinstance(text, str) or not text.strip():
                faults.append(f"{where}: {code} has no text.")
            else:
                found[code] = text.strip()
    except SettingsError as error:
        faults.append(str(error))
    return found


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
