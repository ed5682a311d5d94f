#!/usr/bin/env bash
# A time stamp may carry a fraction of a second (RFC 3161, 2.4.2), and where `ordering` is true two of one authority are
# put in order by it. rfc3161-client drops it: two stamps made one after the other have one time, up to a second before
# the one that was signed, though their accuracy is told to be a millisecond. asn1crypto reads all of it from the same
# bytes. A guess: a Python datetime holds microseconds, so they are there. (The stamps are made by openssl.)
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check rfc3161-client==1.0.9 asn1crypto==1.5.1
cat >authority.cnf <<'CNF'
[tsa]
default_tsa = authority
[authority]
serial = ./serial
signer_cert = ./authority.pem
signer_key = ./authority.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = millisecs:1
clock_precision_digits = 6
ordering = yes
ess_cert_id_alg = sha256
CNF
openssl req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem -days 2 -subj /CN=authority \
  -addext extendedKeyUsage=critical,timeStamping 2>/dev/null
echo 01 >serial
echo root >checkpoint
openssl ts -query -data checkpoint -sha256 -out query.tsq 2>/dev/null
for n in 1 2 3 4; do openssl ts -reply -config authority.cnf -queryfile query.tsq -out $n.tsr 2>/dev/null; done
cat >read.py <<'PY'
import pathlib
from asn1crypto import tsp
from rfc3161_client import decode_timestamp_response

signed, read = [], []
for n in range(1, 5):
    reply = pathlib.Path(f"{n}.tsr").read_bytes()
    info = tsp.TimeStampResp.load(reply)["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    signed.append(info["gen_time"].native)
    read.append(decode_timestamp_response(reply).tst_info.gen_time)
print("signed", *(time.strftime("%T.%f") for time in signed))
print("read  ", *(time.strftime("%T.%f") for time in read))
assert any(time.microsecond for time in signed) and read == [time.replace(microsecond=0) for time in signed]
PY
echo "rfc3161-client 1.0.9"
env/bin/python read.py
