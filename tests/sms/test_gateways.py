from __future__ import annotations

import subprocess
import sys

# In a process of its own: the library changes letters only as it is loaded, and that once.
ASK = """
from email import charset
from app.sms.gateways import AppriseGateway
before = charset.CHARSETS["utf-8"]
assert AppriseGateway("smsc://user:password@{phone}").problem() is None
assert charset.CHARSETS["utf-8"] == before
"""


def test_the_library_for_sms_leaves_the_letters_of_its_process_alone() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
