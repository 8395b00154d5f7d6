"""Check a statement file against a mark: python3 verify_statement.py FILE MARK (the mark: 64 signs)."""

import hashlib
import json
import sys


def digest(*parts):
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def problems(file, mark):
    head, roots, seen, line, last = file["before"], {}, set(), 0, None
    for block in file["blocks"]:
        head = digest("head", block["number"], head, block["root"], block["sealed_at"])
        if last is not None and block["number"] != last + 1:
            yield f"block {block['number']} does not follow block {last}"
        last, roots[block["number"]] = block["number"], block["root"]
    if head != mark:
        yield "the blocks do not lead to this mark"
    for group in file["groups"]:
        for row in group["rows"]:
            line += "text" in row
            salt, words, text = row.get("salt"), row.get("reason"), row.get("text", "")
            bad = text and digest("leaf", salt, text) != row["hash"]
            bad = bad or (text and words and digest("reason", salt, words) != json.loads(text)[-1])
            if bad or row["hash"] in seen:
                yield f"line {line} is not as it was sealed, or stands twice: {text}"
            seen.add(row["hash"])
        at = digest("group", *[row["hash"] for row in group["rows"]])
        for side, beside in group["path"]:
            at = digest("node", *((beside, at) if side == "left" else (at, beside)))
        if at != roots.get(group["block"]):
            yield f"a line up to {line} does not belong to block {group['block']}"


found = list(problems(json.load(open(sys.argv[1], encoding="utf-8")), sys.argv[2]))
print("\n".join(found) or "Every line stands as it was sealed.")
sys.exit(bool(found))
