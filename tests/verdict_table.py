#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the verdict of -z ikex,diag with what is known of each capture, and print the table.

usage: verdict_table.py [--tshark CMD] [--jobs N] [--wrong] [--golden | FOLDER..]

A folder (default: captures/) holds NAME.pcapng and NAME.pcapng.truth.json, and for captures of real
daemons SCENARIO.log, where one scenario may be captured at several points. Each capture is a row:
right or wrong, scenario, truth, verdict. --golden reads what golden/ holds about captures/ instead of
running tshark. --wrong prints the wrong rows and the last line only.

Truth   With a log: the outcome is the first row of STORIES that the words of the daemons match, the end of
        the story. A cause counts only if a daemon names it. The log also says how many IKE SAs and how
        many children came up. Without a log: what the findings of "expect" stand for in OUTCOMES. A
        capture that is healthy, or expects nothing of the kind, has no negotiation that fails, and one
        that is up if it is healthy and has a whole Quick Mode or CREATE_CHILD_SA. One that is not healthy
        and expects nothing says nothing about the outcome.
Verdict The first row of OUTCOMES of which a finding is raised, if a headline agrees with it; without such
        a finding the headlines alone. Where the report names the likeliest cause of a last message that was
        not answered, or two that cannot be told apart, that counts for CAUSES. It is as sure as that
        finding, or as the headline: "established" is observed, "probably established" and "unfinished" are
        inferred.
Right   The outcomes are the same; every group of "expect" is found, and no finding of "forbid" is a warning.
        With a log, where the story ends well, the numbers of SAs are the same too and, where Quick Modes
        show them, of children. "healthy" allows no warning at all, weak cryptography and "allow" of the
        truth file aside.

Where a capture was taken, what happened may not have passed. It is judged by a weaker truth if none of its
frames has a label that the outcome needs (`proof` in OUTCOMES, by the truth file). It is then right only if
the verdict claims nothing beyond the capture: no warning, except that the peer did not go on (GONE); no child
that is established; and every negotiation is unfinished or stopped after the very message that the capture
ends with, or "probably established" if the log of the host where the capture was taken says so itself. What
"expect" and "forbid" say of that capture holds all the same.

Exit 1 if less than 95 % are right (with --golden: not all), a wrong verdict is observed, or a healthy capture
has a warning.
"""
import argparse
import concurrent.futures
import dataclasses
import pathlib
import re
import sys

from runner import Failure, Runner, field_arguments, parse_fields
from truth import (
    CAPTURES, FINDING_FIELDS, GOLDEN, INFERRED, NOTE, OBSERVED, WARN, TruthFile, golden_rows, read_truths,
    worst_findings)

ENOUGH = 0.95  # of captures that no golden file holds

KNOWN = {OBSERVED: "observed", INFERRED: "inferred"}

UP = r"(probably )?established|renews SA \d+, established"
FAILED = r"stopped after|no answer to the first message"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One way a negotiation can end."""
    headline: str      # what the report must say of one of the negotiations
    proof: str         # the labels of which one must be in a capture that shows it
    findings: str      # the findings that stand for it
    least: int = WARN  # from this severity on: a note is no verdict


WELL, AGAIN, RENEWED = "up", "up again after a restart", "up and renewed"
ENDS_WELL = (WELL, AGAIN, RENEWED)
GONE = "the peer did not go on"
UNFINISHED = "unfinished"
UNEXPLAINED = "fails for no reason given"
LAST_LOST, ONE_SIDE_UP = "last message not answered", "up at the responder only"

# The first row decides that has a finding.
OUTCOMES = {
    "up, then the peer vanished":
        Outcome(UP, r"INFO|INFORMATIONAL\.req", "dpd_fail info_noresp resp_ignored"),
    "XAUTH refused":
        # A note if the capture ends soon; its words are the same.
        Outcome(UP, r"TR\d", "xauth_fail", NOTE),
    "EAP refused":
        Outcome(FAILED, r"IKE_AUTH\.re", "eap_fail"),
    "up, child refused":
        Outcome(UP, r"QM1|IKE_AUTH\.resp|CREATE_CHILD_SA\.resp", "qm1_reject qm2_reject"),
    "up, child not answered":
        Outcome(UP, r"QM1|CREATE_CHILD_SA\.req", "qm1_noresp qm2_noreply child_noresp"),
    "transaction not answered":
        Outcome(UP, r"TR1", "tr_noresp"),
    "version refused":
        Outcome(FAILED, r"INFO|IKE_SA_INIT\.resp", "mm_version"),
    "first message refused":
        Outcome(FAILED, r"INFO|IKE_SA_INIT\.resp",
                "mm1_reject am1_reject init_noprop init_reject init_ke_loop init_cookie_loop"),
    "key exchange refused":
        Outcome(FAILED, r"INFO", "mm3_badke mm2_reject mm3_reject mm4_reject"),
    "authentication refused":
        Outcome(FAILED, r"MM5|AM2|IKE_AUTH\.req", "mm5_reject am2_reject am3_reject auth_small auth_failed"),
    ONE_SIDE_UP:
        Outcome(FAILED, r"MM6|IKE_AUTH", "mm6_ignored mm6_delete auth_delete auth_ignored"),
    "first message not answered":
        # "stopped after" it where an ICMP error of the peer itself shows that it arrived.
        Outcome(r"no answer to the first message|stopped after (MM1|AM1|IKE_SA_INIT\.req|IKE_SESSION_RESUME\.req)",
                r"MM1|AM1|IKE_SA_INIT\.req|IKE_SESSION_RESUME\.req",
                "mm1_icmp icmp_unreach icmp_filtered mm1_noresp am1_noresp init_noresp resume_noresp"),
    "second message not answered":
        Outcome(r"stopped after", r"MM3|IKE_INTERMEDIATE\.req", "mm3_noresp int_noresp"),
    LAST_LOST:
        # A negotiation whose start is not in the capture is not said to have failed.
        Outcome(r"stopped after|the capture begins in the middle", r"MM5|AM3|IKE_AUTH\.req",
                "mm5_noresp am3_lost auth_noresp"),
    "many begin, none gets on":
        Outcome(r"stopped after|no answer|unfinished", r"MM|AM|IKE_SA_INIT", "halfopen_flood"),
    GONE:
        Outcome(r"stopped after|unfinished", r"", "mm2_noreply mm4_noreply am2_noreply init_noreply"),
    "the SA is not known":
        Outcome(r"", r"", "cookie_invalid"),
    AGAIN: Outcome(UP, r"QM|IKE_AUTH\.resp", ""),
    RENEWED: Outcome(UP, r"MM6|QM|CREATE_CHILD_SA\.resp", ""),
    WELL: Outcome(UP, r"QM|IKE_AUTH\.resp", ""),
}

# What a capture holds of which a child came up, unless it holds one direction only.
CHILD_DONE = {"QM3", "QM4", "CREATE_CHILD_SA.resp"}

# These may be about ESP as well, of a tunnel that is up.
OF_ESP_TOO = {"icmp_filtered", "icmp_unreach", "pmtu"}

# What is too big for the path gets lost; which message it was, the headline says.
TOO_BIG = "ipfrag_loss v1frag_loss skf_loss reasm_timeout pmtu"
TOO_BIG_AFTER = (
    (r"stopped after (MM4|IKE_SA_INIT\.resp)", LAST_LOST),
    (r"stopped after (MM5|IKE_AUTH\.req)", ONE_SIDE_UP),
)

# What the report names as the cause of LAST_LOST; the first row counts.
CAUSES = (
    (r"the pre-shared keys differ|the responder does not accept the authentication", "authentication refused"),
    (r"", LAST_LOST),
)

# What the daemons (strongSwan, Libreswan) say, the lines of all hosts in the order of time. A later row may
# match too: the first is the end of the story.
CHILD = r"CHILD_SA \S+ established"
STORIES = (
    (rf"{CHILD}.*(DPD check timed out|giving up after \d+ retransmits)", "up, then the peer vanished"),
    (r"XAuth authentication of .* failed", "XAUTH refused"),
    (r"EAP/FAIL", "EAP refused"),
    (r"no CHILD_SA built|IKE_SA \S+ established.*received (NO_PROPOSAL_CHOSEN|INVALID_ID\w*) error notify",
     "up, child refused"),
    (r"IKE_SA \S+ established.*retransmit \d+ of request message ID [1-9].*giving up after",
     "up, child not answered"),
    (r"INVALID_MAJOR_VERSION|N\(INVAL_MAJOR\)", "version refused"),
    (r"received NO_PROPOSAL_CHOSEN", "first message refused"),
    (r"N\(AUTH_FAILED\)|decryption failed\?|mismatch of preshared secrets", "authentication refused"),
    (r"IKE_SA \S+ established.*establishing IKE_SA failed, peer not responding", ONE_SIDE_UP),
    (r"retransmit \d+ of request (message ID 0, seq 1|with message ID 0)\b.*peer not responding",
     "first message not answered"),
    (r"retransmit \d+ of request (message ID 0, seq 3|with message ID [1-9]\d*)\b.*peer not responding",
     LAST_LOST),
    (r"STATE_MAIN_I1: retransmission(?!.* established)", "first message not answered"),
    (rf"received INITIAL_CONTACT.*{CHILD}", AGAIN),
    (rf"{CHILD}.*(reauthenticating IKE_SA|IKE_SA \S+ rekeyed between)", RENEWED),
    (rf"{CHILD}|IPsec SA established|established Child SA", WELL),
)
SA_UP = r"IKE_SA \S+ (established|rekeyed) between"
QUICK_MODE_UP = r"^ +Quick Mode .*: established$"

ARGUMENTS = ["-2", *field_arguments(FINDING_FIELDS), "-z", "ikex,diag"]


# --- what is known of a capture ------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Truth:
    outcomes: frozenset    # the verdict must be one of them; empty: nothing is said
    sas: int               # IKE SAs that came up, by the log
    children: int          # children that came up
    log: str               # of the daemons, "" without
    file: TruthFile

    def ends_well(self):
        return self.outcomes <= {*ENDS_WELL}

    def text(self):
        if self.log:
            words = " or ".join(self.outcomes)
            return f"{words}: {self.sas} SAs, {self.children} children" if self.ends_well() else words
        words = " + ".join("|".join(options) for options in self.file.expect) or "nothing due"
        return f"healthy, {words}" if self.file.healthy else words


def came_up(words, log):
    """How often the host says so that says it most often."""
    return max((len(re.findall(words, lines)) for lines in by_host(log).values()), default=0)


def by_host(log):
    """{host: its lines}; the lines of Libreswan stand behind a line that names the host."""
    hosts = {}
    host = ""
    for line in log.splitlines():
        title = re.match(r"--- (?:pluto )?(\w+) ---", line)
        stamped = re.match(r"\d+\.\d+ (\w+) \[", line)
        host = title[1] if title else stamped[1] if stamped else host
        hosts[host] = hosts.get(host, "") + line + "\n"
    return hosts


def told_outcome(log):
    """The end of the story that the log tells."""
    return next((name for words, name in STORIES if re.search(words, log, re.DOTALL)), "a story without a row")


def outcomes_of(ids):
    """The outcomes that these findings stand for."""
    return {name for name, row in OUTCOMES.items() if set(row.findings.split()) & ids}


def expected_outcomes(file):
    """The outcomes of a truth file without a log."""
    groups = [outcomes_of(set(options)) for options in file.expect]
    ids = {name for options in file.expect for name in options}
    if file.healthy:
        whole = CHILD_DONE & set(file.labels()) and "oneway_capture" not in ids
        return {WELL} if whole else {WELL, UNFINISHED}
    if ids & OF_ESP_TOO and (CHILD_DONE | {"IKE_AUTH.resp"}) & set(file.labels()):
        return {WELL, UNFINISHED}
    decided = next((group for name in OUTCOMES for group in groups if name in group), None)
    if decided or not ids:
        return decided or set()
    return {name for _, name in TOO_BIG_AFTER} if ids & set(TOO_BIG.split()) else {WELL, UNFINISHED}


def add_log(file):
    """The truth with what the daemons say, if their log is there."""
    path = file.capture.with_name(file.scenario + ".log")
    if not path.exists():
        return Truth(frozenset(expected_outcomes(file)), 0, 0, "", file)
    log = path.read_text(encoding="utf-8")
    return Truth(frozenset({told_outcome(log)}), came_up(SA_UP, log), came_up(CHILD, log), log, file)


# --- what ikex says ------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Verdict:
    outcome: str
    decided_by: str        # a finding or a headline
    known: int
    findings: dict         # id: (severity, known by) of the worst
    headlines: list        # one for each negotiation
    children: int          # Quick Modes that are called established
    causes: frozenset = frozenset()  # outcomes that the likeliest causes stand for, if any is named

    def stands_for(self):
        """The outcomes that the daemons may tell of."""
        return self.causes if self.outcome == LAST_LOST and self.causes else {self.outcome}

    def sas(self):
        return sum(bool(re.match(UP, line)) for line in self.headlines)

    def text(self):
        outcome = " or ".join(sorted(self.stands_for()))
        words = f"{outcome} ({self.decided_by}, {KNOWN[self.known]})"
        return f"{words}: {self.sas()} SAs, {self.children} Quick Modes" if self.outcome == WELL else words


def run_fields_and_report(capture, runner):
    """(FINDING_FIELDS of each frame, report) as tshark prints them."""
    fields, title, report = runner.run(capture, ARGUMENTS).partition("IKE diagnosis")
    if not title:
        raise Failure("tshark prints no report")
    return parse_fields(fields, FINDING_FIELDS), report


def golden_fields_and_report(capture):
    """The same of the golden files."""
    report = (GOLDEN / f"{capture.stem}.diag").read_text(encoding="utf-8")
    return golden_rows(GOLDEN / f"{capture.stem}.fields"), report


def read_headlines(report):
    """The line below the addresses of each negotiation, without its mode."""
    lines = re.findall(r"^(?:OK|NOTE|WARN|FAIL) .*\n      (.*)", report, re.MULTILINE)
    return [line.partition(": ")[2] or line for line in lines]


def read_causes(report):
    """The outcomes of the causes that are called the best, or not told apart."""
    lines = re.findall(r"^      (?:best cause|  either|  or) +(.*)", report, re.MULTILINE)
    return frozenset(next(name for words, name in CAUSES if re.match(words, line)) for line in lines)


def say(words, headlines):
    """The first headline that begins with these words."""
    return next((line for line in headlines if re.match(words, line)), None)


def raised(ids, findings, least):
    """Those of the ids that are found, of this severity or worse."""
    return [name for name in ids.split() if findings.get(name, (0,))[0] >= least]


def by_finding(findings, headlines):
    """(outcome, finding) of the first row of OUTCOMES that has one, or nothing."""
    for name, row in OUTCOMES.items():
        for finding in raised(row.findings, findings, row.least):
            if finding in OF_ESP_TOO and say(UP, headlines):
                continue
            return (name if say(row.headline, headlines) else f"{name}, but no headline says so"), finding
    for finding in raised(TOO_BIG, findings, WARN):
        for words, name in TOO_BIG_AFTER:
            if say(words, headlines):
                return name, finding
    return None


def by_headline(headlines):
    """(outcome, headline, known by) when no finding decides. A failure outranks what is up."""
    failed, up = say(FAILED, headlines), say(UP, headlines)
    if failed:
        return UNEXPLAINED, failed, INFERRED
    if up:
        return WELL, up, INFERRED if all(line.startswith("probably") for line in headlines) else OBSERVED
    return UNFINISHED, headlines[0] if headlines else "no negotiation", INFERRED


def read_verdict(rows, report):
    findings, headlines = worst_findings(rows), read_headlines(report)
    children = len(re.findall(QUICK_MODE_UP, report, re.MULTILINE))
    decided = by_finding(findings, headlines)
    if decided:
        return Verdict(*decided, findings[decided[1]][1], findings, headlines, children, read_causes(report))
    return Verdict(*by_headline(headlines), findings, headlines, children)


# --- the comparison ------------------------------------------------------------------------------

def is_shown(truth):
    """Whether the capture holds a message without which the outcome cannot be seen."""
    proof = "|".join(OUTCOMES[name].proof for name in truth.outcomes if name in OUTCOMES)
    return any(re.match(proof, label) for label in truth.file.labels())


def warnings(verdict):
    """The findings that are warnings or errors."""
    return sorted(name for name, (severity, _) in verdict.findings.items() if severity >= WARN)


def judge_weaker(truth, verdict):
    """Why the verdict says more than a capture can that does not hold what happened."""
    for name in warnings(verdict):
        if not name.startswith("weak_") and name not in OUTCOMES[GONE].findings.split():
            yield f"{name}, but what happened is not in the capture"
    labels = truth.file.labels()
    last = labels[-1] if labels else "no message"
    host_is_up = re.search(SA_UP, by_host(truth.log).get(truth.file.point, ""))
    for line in verdict.headlines:
        if not re.match(rf"(unfinished, newest message|stopped after) {re.escape(last)}$", line) and \
                not (host_is_up and line.startswith("probably established")):
            yield f'"{line}", but the capture ends with {last}'
    if verdict.children:
        yield "a child is called established"


def judge_story(truth, verdict):
    """Why the verdict is not what the daemons say."""
    if not verdict.stands_for() & truth.outcomes and not (truth.ends_well() and verdict.outcome == WELL):
        yield f"the daemons say: {truth.text()}"
    if not truth.ends_well():
        return
    if verdict.sas() != truth.sas:
        yield f"{verdict.sas()} IKE SAs are called up, the daemons have {truth.sas}"
    if any(x.startswith("QM") for x in truth.file.labels()) and verdict.children != truth.children:
        yield f"{verdict.children} Quick Modes are called established, the daemons have {truth.children} children"


def judge_outcome(truth, verdict):
    """Why the verdict is not what the findings of the truth file stand for."""
    if truth.outcomes and verdict.outcome not in truth.outcomes:
        yield f"the truth is: {' or '.join(sorted(truth.outcomes))}"


def judge_findings(truth, verdict):
    """Why the findings are not those of the truth file."""
    for options in truth.file.missing(verdict.findings):
        yield f"no {' or '.join(options)}"
    for name in warnings(verdict):
        if name in truth.file.forbid:
            yield f"{name} is forbidden"


def false_alarms(truth, verdict):
    """Warnings of a capture that is healthy."""
    return [name for name in warnings(verdict) if truth.file.is_alarm(name)]


# --- the table -----------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    truth: str
    verdict: str
    weaker: bool           # judged by the weaker truth
    reasons: list          # why it is wrong
    alarms: list           # warnings though it is healthy
    known: int


def make_row(file, read):
    truth, name = add_log(file), file.capture.stem
    try:
        verdict = read_verdict(*read(file.capture))
    except (Failure, OSError) as failure:
        return Row(name, truth.text(), "none", False, [str(failure)], [], OBSERVED)
    weaker = bool(truth.log) and not is_shown(truth)
    judge = judge_outcome if not truth.log else judge_weaker if weaker else judge_story
    alarming = false_alarms(truth, verdict)
    reasons = [*judge(truth, verdict), *judge_findings(truth, verdict),
               *(f"healthy, but {finding}" for finding in alarming)]
    return Row(name, truth.text(), verdict.text(), weaker, reasons, alarming, verdict.known)


def show(row, width):
    seen = f"{row.truth} (not in this capture)" if row.weaker else row.truth
    print(f"{'WRONG' if row.reasons else 'right'}  {row.name:{width}}  {seen:46}  {row.verdict}")
    for reason in row.reasons:
        print(f"{'':{width + 9}}^ {reason}")


def close(rows, enough):
    """Print the last line of the table. Returns whether the table is good enough."""
    wrong = [row for row in rows if row.reasons]
    sure = sum(row.known == OBSERVED for row in wrong)
    alarming = sum(bool(row.alarms) for row in rows)
    share = 1 - len(wrong) / len(rows)
    good = share >= enough and not sure and not alarming
    print(f"verdict_table: {'ok' if good else 'FAILED'}, {len(rows) - len(wrong)} of {len(rows)} right "
          f"({100 * share:.1f} %), {sum(row.weaker for row in rows)} by the weaker truth; "
          f"{len(wrong)} wrong, {sure} of them observed; {alarming} healthy with a warning")
    return good


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tshark", default="tshark", metavar="CMD")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--wrong", action="store_true", help="print the wrong rows and the last line only")
    parser.add_argument("--golden", action="store_true", help="read the golden files, run nothing")
    parser.add_argument("folders", nargs="*", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.golden and arguments.folders:
        parser.error("--golden is about captures/ only")
    return arguments


def main():
    arguments = parse_arguments()
    files = [file for folder in arguments.folders or [CAPTURES] for file in read_truths(folder)]
    if not files:
        sys.exit("verdict_table.py: no capture with a truth file")
    runner = Runner(arguments.tshark)
    read = golden_fields_and_report if arguments.golden else lambda capture: run_fields_and_report(capture, runner)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        rows = list(pool.map(lambda file: make_row(file, read), files))
    width = max(len(row.name) for row in rows)
    for row in rows:
        if row.reasons or not arguments.wrong:
            show(row, width)
    sys.exit(0 if close(rows, 1 if arguments.golden else ENOUGH) else 1)


if __name__ == "__main__":
    main()
