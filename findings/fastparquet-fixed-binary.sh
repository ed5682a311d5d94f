#!/usr/bin/env bash
# fastparquet reads a fixed-size binary column through a text-like type that drops trailing zero bytes: a SHA-256 that
# ends in 00 (one in 256) is 32 bytes in the file and 31 in the table. pyarrow reads all 32 from the same file. A guess:
# FIXED_LEN_BYTE_ARRAY(32) gives 32 bytes.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fastparquet==2026.9.0 pyarrow==26.0.1
cat >try.py <<'PY'
import hashlib
import fastparquet, pandas, pyarrow.parquet
hashes = (hashlib.sha256(str(n).encode()).digest() for n in range(10_000))
ends_in_zero = next(h for h in hashes if h[-1] == 0 and h[-2] != 0)
table = pandas.DataFrame({"hash": [ends_in_zero, b"\x01" * 32]})
fastparquet.write("log.parquet", table, fixed_text={"hash": 32}, object_encoding="bytes")
theirs = fastparquet.ParquetFile("log.parquet").to_pandas()["hash"].tolist()
arrow = pyarrow.parquet.read_table("log.parquet")["hash"]
print("fastparquet", [len(h) for h in theirs], "pyarrow", [len(h) for h in arrow.to_pylist()], arrow.type)
PY
seen=$(env/bin/python try.py)
echo "fastparquet 2026.9.0: $seen"
[ "$seen" = "fastparquet [31, 32] pyarrow [32, 32] fixed_size_binary[32]" ]
