# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows of reports in JSON and CSV: whether both are well formed and say the same, and their golden text.

JSON Lines are checked against docs/ikex.schema.json. CSV is read by the csv module and must have the
same rows with the same cells: null is an empty cell, a list is joined by "; ", true and false are words.
"""
import csv
import functools
import io
import json
import pathlib

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "docs" / "ikex.schema.json"
JSON_BEGINS, CSV_BEGINS = '{"schema":', "type,"
NOT_GOLDEN = {"schema", "type"}
TEXTS_OF_TABLES = {"counter": {"counts", "availability"}, "finding": {"summary", "advice", "cisco_state",
                   "windows_events"}, "negotiation": {"advice"}, "event": {"text", "finding_summary", "reason_text"}}


@functools.cache
def types():
    return tuple(json.loads(SCHEMA.read_text())["$defs"])


def is_row(line):
    """Whether a line of what tshark prints is of JSON or CSV: texts in reports have no line ends."""
    return line.startswith((JSON_BEGINS, CSV_BEGINS, *(f"{x}," for x in types())))


class Wrong(Exception):
    """What is wrong with the rows."""


@functools.cache
def validator(kind):
    """For records of one type; the whole schema, which tries all types in turn, takes ten times as long."""
    schema = json.loads(SCHEMA.read_text())
    if kind in schema["$defs"]:
        schema = schema["$defs"][kind]
    return jsonschema.Draft202012Validator(schema)


def check_valid(line):
    record = json.loads(line)
    for error in validator(record.get("type")).iter_errors(record):
        raise Wrong(f"not valid by the schema: {error.message}\n    {line}")


def read_json(lines):
    """The reports in JSON Lines, each a list of records that ends with its result; numbers are as written,
    since a float would change them."""
    reports = [[]]
    for line in lines:
        check_valid(line)
        reports[-1].append(json.loads(line, parse_float=str, parse_int=str))
        if reports[-1][-1]["type"] == "result":
            reports.append([])
    if reports.pop():
        raise Wrong("JSON Lines do not end with a result")
    return reports


def read_csv(lines):
    """The reports in CSV, each a list of rows by column; a header begins a report."""
    reports, header = [], None
    for row in csv.reader(io.StringIO("".join(lines), newline=""), strict=True):
        if row[0] == "type":
            header, report = row, []
            reports.append(report)
        elif header is None:
            raise Wrong(f"no header before {row}")
        elif len(row) != len(header):
            raise Wrong(f"{len(row)} cells in a row of {len(header)} columns: {row}")
        else:
            report.append(dict(zip(header, row)))
    return reports


def as_csv(value):
    """A JSON value as the cell of CSV that says the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "; ".join(str(x) for x in value)
    text = str(value)
    return "'" + text if isinstance(value, str) and text[:1] in tuple("=+-@\t\r") else text


def check_same(records, rows):
    """Every record but the result is the row of CSV in its place."""
    records = [x for x in records if x["type"] != "result"]
    if len(records) != len(rows):
        raise Wrong(f"JSON has {len(records)} records, CSV has {len(rows)} rows")
    for record, row in zip(records, rows):
        want = {name: as_csv(value) for name, value in record.items() if name != "schema"}
        got = {name: row.pop(name, "(no such column)") for name in want}
        if got != want or any(row.values()):
            raise Wrong(f"JSON and CSV differ:\n    {want}\n    {got}\n    {row}")


def types_of(report):
    return {row["type"] for row in report} - {"result"}


def is_told(record, name, value):
    """Not golden: nulls, what the tables of the code say and other tests see, counters that are 0."""
    return value is not None and name not in NOT_GOLDEN | TEXTS_OF_TABLES.get(record["type"], set()) \
        and value != []


def golden_line(record):
    cells = [f"{name}={as_csv(value)}" for name, value in record.items() if is_told(record, name, value)]
    return " | ".join([record["type"], *cells])


def is_golden(record):
    """Counters that are 0, and those of single hosts, are golden in the text of stat alone."""
    return record["type"] != "counter" or (record["host"] == "total" and
                                           (record["value"] not in (None, "0") or record["seconds"]))


def golden(text):
    """The golden text of several reports in JSON and CSV, in whatever order they were printed."""
    lines = text.splitlines(keepends=True)
    try:
        reports = read_json([x for x in lines if x.startswith(JSON_BEGINS)])
        tables = read_csv([x for x in lines if not x.startswith(JSON_BEGINS)])
    except (ValueError, csv.Error) as error:
        raise Wrong(str(error)) from None
    if len(tables) != len(reports):
        raise Wrong(f"{len(reports)} reports in JSON, {len(tables)} in CSV")
    for report in reports:
        same = [x for x in tables if len(x) == len(report) - 1 and types_of(x) == types_of(report)]
        if not same:
            raise Wrong(f"no CSV has the {len(report) - 1} rows of {types_of(report)}")
        tables.remove(same[0])
        check_same(report, same[0])
    chosen = sorted(reports, key=lambda report: (min(types_of(report), default=""), len(report)))
    return "".join(golden_line(x) + "\n" for report in chosen for x in report if is_golden(x))
