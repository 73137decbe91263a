"""Reads a record (fairfloor record SESSION --json) from standard input, draws its lots again and
computes the order of its lists by nested Sainte-Lague; fails when the record states another one."""
import hashlib, hmac, json, sys
from fractions import Fraction

def keys(members, size):  # (2k-1)/2n for each group's k-th of n; ties: the larger group, then its name
    groups = {}
    for m in members:
        groups.setdefault(m[size[0]] or "unspecified", []).append(m)
    def inner(group):
        if len(size) > 1:
            return keys(group, size[1:])
        return sorted(group, key=lambda m: (not m.get("first_time"), -m.get("credit_ms", 0), m["position"]))
    ranked = [(Fraction(2 * k + 1, 2 * len(g)), -len(g), name, i, m)
              for name, g in groups.items() for i, (k, m) in enumerate(enumerate(inner(g)))]
    return [m for *_, m in sorted(ranked, key=lambda r: r[:4])]

for part in json.load(sys.stdin)["lists"]:
    if part["rule"] != "sainte_lague" or "code" not in part:
        continue
    code = bytes.fromhex(part["code"])
    assert hashlib.sha256(code).hexdigest() == part["commitment"], "the code does not open the commitment"
    secret = hmac.new(code, part["randomness"].encode(), hashlib.sha256).digest()
    for m in part["inputs"]:
        drawn = hmac.new(secret, m["label"].encode() + b"\x01", hashlib.sha256).hexdigest()
        assert drawn == m["position"], m["label"] + " was drawn at another position"
    kept = part["order"][:part.get("kept", 0)] + part.get("late", [])  # not the rule's to order
    order = [m["entry"] for m in keys(part["inputs"], ["group", "region"]) if m["entry"] not in kept]
    assert order == [e for e in part["order"] if e not in kept], "another order"
    print(json.dumps([next(m["label"] for m in part["inputs"] if m["entry"] == e) for e in order]))
