#!/usr/bin/env bash
# An in-toto statement carries what is attested as a JSON object, its predicate. The Python library keeps that in a
# protobuf Struct, where each number is a double: leaf 7 comes out as 7.0, other bytes to hash, and a tree's size above
# 2^53 comes out as another number, no error told. A guess: a predicate comes out as it went in.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check in-toto-attestation==0.9.3 protobuf==7.36.2
seen=$(env/bin/python - <<'PY'
import json
from google.protobuf.json_format import MessageToJson
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

predicate = json.loads('{"leaf": 7, "size": 9007199254740993}')
subject = ResourceDescriptor(name="record", digest={"sha256": "ab" * 32})
statement = Statement([subject.pb], "https://example.org/receipt/v1", predicate)
statement.validate()
print(json.dumps(json.loads(MessageToJson(statement.pb))["predicate"], sort_keys=True))
PY
)
echo "in-toto-attestation 0.9.3: leaf 7 of size 9007199254740993 comes out as $seen"
[ "$seen" = '{"leaf": 7.0, "size": 9007199254740992.0}' ]
