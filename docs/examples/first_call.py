"""The first call of a newcomer to the sandbox: a key of one's own, an entry, a question.

    python docs/examples/first_call.py http://127.0.0.1:8001 my-key.pem

Needs the connector: pip install ./connector (or, in a checkout of Mirab, PYTHONPATH=.).
"""

import json
import sys

import requests

from connector.caller import Caller
from connector.keys import load_key, make_key

URL, KEY_FILE = sys.argv[1:3]

# 1. A key: the private half stays in the file, the public half is registered.
public = make_key(KEY_FILE)

# 2. An entry in the register for a month, with a proof that the key is yours. What it may is told.
proof = load_key(KEY_FILE, "new").proof("sandbox")
entry = requests.post(
    f"{URL}/sandbox/agencies",
    json={"name": "First call in Python", "public_key": public.base64(), "proof": proof},
    timeout=30,
)
if entry.status_code != requests.codes.created:
    sys.exit(entry.text)
agency = entry.json()
print(f"You are {agency['code']}, your key is {agency['key_id']}, until {agency['until']}.")

# 3. A question. The connector signs it, and believes the answer only if Mirab signed it.
caller = Caller(URL, load_key(KEY_FILE, agency["key_id"]))
answer = caller.ask(key_kind="national_id", key="9905251782", purpose="fuel_quota")
print(json.dumps(answer.data, ensure_ascii=False, indent=1))
