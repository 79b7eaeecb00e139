/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints what the tables of reports say of themselves: docs/ikex.schema.json with --schema, otherwise
 * docs/records.md.
 */
#include "ike_reports.h"

#include <stdio.h>
#include <string.h>

/* ---- JSON schema ---- */

static const char *schema_of(ike_cell_kind kind)
{
    switch (kind) {
    case IKE_CELL_FLAG: return "\"type\": [\"boolean\", \"null\"]";
    case IKE_CELL_COUNT: return "\"type\": [\"integer\", \"null\"], \"minimum\": 0";
    case IKE_CELL_SECONDS: return "\"type\": [\"number\", \"null\"]";
    case IKE_CELL_TIME:
        return "\"type\": [\"string\", \"null\"], "
               "\"pattern\": \"^\\\\d{4}-\\\\d\\\\d-\\\\d\\\\dT\\\\d\\\\d:\\\\d\\\\d:\\\\d\\\\d\\\\.\\\\d{6}Z$\"";
    case IKE_CELL_TEXT: return "\"type\": [\"string\", \"null\"], \"minLength\": 1";
    case IKE_CELL_TEXTS: return "\"type\": [\"array\", \"null\"], \"items\": { \"type\": \"string\" }";
    case IKE_CELL_COUNTS: return "\"type\": [\"array\", \"null\"], \"items\": { \"type\": \"integer\" }";
    }
    return "";
}

static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++)
        printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    putchar('"');
}

static void print_table_schema(const ike_table *table)
{
    printf("    \"%s\": {\n      \"description\": ", table->type);
    print_quoted(table->what);
    printf(",\n      \"type\": \"object\",\n      \"properties\": {\n"
           "        \"file\": { \"description\": \"capture, where ikex-report put several together\", "
           "\"type\": \"string\" },\n"
           "        \"schema\": { \"const\": %d },\n        \"type\": { \"const\": \"%s\" }",
           IKE_SCHEMA, table->type);
    for (const ike_column *column = table->columns; column->name; column++) {
        printf(",\n        \"%s\": { \"description\": ", column->name);
        print_quoted(column->what);
        printf(", %s }", schema_of(column->kind));
    }
    printf("\n      },\n      \"required\": [\"schema\", \"type\"");
    for (const ike_column *column = table->columns; column->name; column++)
        printf(", \"%s\"", column->name);
    printf("],\n      \"additionalProperties\": false\n    }");
}

/* What ikex-report writes in place of the records of a capture that it cannot read. */
static void print_unread_schema(void)
{
    printf("    \"unread\": {\n"
           "      \"description\": \"A capture that ikex-report could not read.\",\n"
           "      \"type\": \"object\",\n      \"properties\": {\n"
           "        \"file\": { \"description\": \"the capture\", \"type\": \"string\" },\n"
           "        \"schema\": { \"const\": %d },\n        \"type\": { \"const\": \"unread\" },\n"
           "        \"message\": { \"description\": \"why\", \"type\": \"string\" }\n      },\n"
           "      \"required\": [\"file\", \"schema\", \"type\", \"message\"],\n"
           "      \"additionalProperties\": false\n    }\n", IKE_SCHEMA);
}

static void print_schema(void)
{
    printf("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
           "  \"title\": \"A line of -z ikex,<report>,format=json\",\n"
           "  \"type\": \"object\",\n  \"required\": [\"schema\", \"type\"],\n"
           "  \"properties\": { \"type\": { \"enum\": [");
    for (int i = 0; ike_tables[i]; i++)
        printf("\"%s\", ", ike_tables[i]->type);
    printf("\"unread\"] } },\n  \"allOf\": [\n");
    for (int i = 0; ike_tables[i]; i++)
        printf("    { \"if\": { \"properties\": { \"type\": { \"const\": \"%s\" } } },\n"
               "      \"then\": { \"$ref\": \"#/$defs/%s\" } },\n",
               ike_tables[i]->type, ike_tables[i]->type);
    printf("    { \"if\": { \"properties\": { \"type\": { \"const\": \"unread\" } } },\n"
           "      \"then\": { \"$ref\": \"#/$defs/unread\" } }\n");
    printf("  ],\n  \"$defs\": {\n");
    for (int i = 0; ike_tables[i]; i++) {
        print_table_schema(ike_tables[i]);
        printf(",\n");
    }
    print_unread_schema();
    printf("  }\n}\n");
}

/* ---- the page ---- */

static const char *name_of(ike_cell_kind kind)
{
    static const char *const names[] = {
        [IKE_CELL_FLAG] = "true or false", [IKE_CELL_COUNT] = "number", [IKE_CELL_SECONDS] = "seconds",
        [IKE_CELL_TIME] = "time",          [IKE_CELL_TEXT] = "text",    [IKE_CELL_TEXTS] = "list of texts",
        [IKE_CELL_COUNTS] = "list of numbers",
    };

    return names[kind];
}

static bool has_table(const ike_report_kind *kind, const ike_table *table)
{
    for (int i = 0; kind->tables[i]; i++)
        if (kind->tables[i] == table)
            return true;
    return table == &ike_table_result;
}

static void print_page_of(const ike_table *table)
{
    int n = 0;

    printf("\n## %s\n\n%s Reports: ", table->type, table->what);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        if (has_table(kind, table))
            printf("%s`%s`", n++ ? ", " : "", kind->name);
    printf(".\n\n| column | kind | what it says |\n|---|---|---|\n");
    for (const ike_column *column = table->columns; column->name; column++)
        printf("| `%s` | %s | %s |\n", column->name, name_of(column->kind), column->what);
}

static void print_page(void)
{
    printf("<!-- Made by tools/docs from the tables in plugin/core/table: do not edit. -->\n"
           "# Records of reports\n\n"
           "What `format=json` and `format=csv` write. JSON is JSON Lines: one object per line with "
           "`\"schema\": %d`, `\"type\"` and the columns below, in this order; the last record of a report "
           "has the type `result`. [ikex.schema.json](ikex.schema.json) is a JSON Schema for each line. CSV "
           "has one header with the columns of all record types of the report, behind `type`, and no closing "
           "record.\n\n"
           "Unknown values are `null` in JSON and empty in CSV; what is encrypted says `encrypted`. Times are "
           "ISO 8601 in UTC. Lists are joined by `; ` in CSV, and a text that a spreadsheet would take for a "
           "formula has a `'` in front there. The number of the schema grows when a column changes its name, "
           "kind or meaning; new columns and record types may come without that.\n", IKE_SCHEMA);
    for (int i = 0; ike_tables[i]; i++)
        print_page_of(ike_tables[i]);
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        print_page();
    } else if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        print_schema();
    } else {
        fprintf(stderr, "usage: ikex_tables [--schema]\n");
        return 2;
    }
    return 0;
}
