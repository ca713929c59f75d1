import gettext

import polib
from django.core.management import call_command


def test_compilemessages_makes_what_gettext_reads(tmp_path):
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.append(polib.POEntry(msgid="Name", msgstr="Họ và tên"))
    catalogue.append(polib.POEntry(msgid="Draft", msgstr="Nháp", flags=["fuzzy"]))
    catalogue.save(str(folder / "django.po"))

    call_command("compilemessages", folder=tmp_path, verbosity=0)

    texts = gettext.translation("django", tmp_path, ["vi"])
    assert (texts.gettext("Name"), texts.gettext("Draft")) == ("Họ và tên", "Draft")
