# SPDX-License-Identifier: GPL-2.0-or-later
"""What the truth files of generated captures and of the lab's have in common.

    write("NAME.pcapng.truth.json", {"capture": "NAME.pcapng", .., "frames": [{"n": 1, "msg": "MM1"}]})
"""
import json
import pathlib

# What must not be claimed of a negotiation whose trouble is something else.
USUAL_SUSPECTS = frozenset({
    "mm1_noresp", "mm3_noresp", "mm5_noresp", "am1_noresp", "qm1_noresp", "init_noresp", "auth_noresp",
    "ipfrag_loss", "v1frag_loss", "skf_loss", "xauth_fail", "eap_fail", "simul", "init_ke_loop",
    "init_cookie_loop", "delete_storm", "rekey_loop", "esp_oneway", "natt_nofloat", "mm2_badchoice",
    "mm3_badke"})


def write(path, truth):
    """Write a truth file: one line per frame, so that a diff can be read."""
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in truth.items() if key != "frames"]
    frames = ",\n  ".join(json.dumps(entry) for entry in truth["frames"])
    head.append(f'"frames": [\n  {frames}]' if frames else '"frames": []')
    pathlib.Path(path).write_text("{" + ",\n ".join(head) + "}\n", encoding="ascii")
