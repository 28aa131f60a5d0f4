"""Reads every .eml file of a folder with Python's email package and tells what it found."""
import email
import email.policy
import json
import pathlib
import sys

told = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    bodies = [part for part in mail.walk() if not part.is_multipart()]
    told[path.name] = {
        "headers": [name for name, _ in mail.items()],
        "subject": str(mail["Subject"]),
        "from": [[a.display_name, a.addr_spec] for a in mail["From"].addresses] if mail["From"] else [],
        "to": [a.addr_spec for a in mail["To"].addresses] if mail["To"] else [],
        "unsubscribe": str(mail["List-Unsubscribe"]),
        "kinds": [part.get_content_type() for part in bodies],
        "bodies": [part.get_payload(decode=True).decode("utf-8") for part in bodies],
        "defects": [str(d) for part in mail.walk() for d in part.defects],
    }
json.dump(told, sys.stdout)
