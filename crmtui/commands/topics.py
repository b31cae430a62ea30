"""The texts of `crm help TOPIC`."""

from crmtui.i18n import N_

TOPICS: dict[str, tuple[str, str]] = {
    "exit-codes": (
        N_("What the exit codes mean"),
        N_(
            """
  0    done; an empty list is also 0
  1    a fault in the program
  2    wrong usage, or an invalid value
  3    cancelled, or not ready: not set up, a newer or foreign store
  4    not permitted, file rights included
  5    not found, or ambiguous
  6    refused by a rule, a duplicate, or changed by someone else meanwhile
  7    done in part: some rows rejected, some mails failed
  8    busy: the store is locked, full or out of reach; try again
  130  interrupted
  141  the reader closed the pipe

crm doctor: 0 well, 7 warnings, 6 errors.

An error is one line on standard error; with --json it is an object:
  {"error": {"code": "…", "message": "…", "field": null, "hint": "…"}}
"""
        ),
    ),
    "conditions": (
        N_("Conditions: --where, saved queries, rules"),
        N_(
            """
FIELD OPERATOR VALUE, joined by and, or, not and ( ).

  = != < <= > >=      numbers may be 240k, 2.4M or 1.2万
  ~                   a pattern with * and ?; case and width do not matter
  in (a, b)           one of these
  in this quarter     a period: 2026Q4, 2026-11, last month …
  is empty            nothing in it; is not empty
  under "East"        this place in a tree, or anywhere below it

Dots follow references: owner.dept, account.industry. Your own attributes: x.NAME.
today, now, today-30d, this quarter, me and my team are understood. A list matches when any member does.

  country=UK and title~"Chief * Officer" and interests=tennis
  state=open and expected_close_on in this quarter and amount>=50000
  state=new and owner is empty and created_at < now-3d
"""
        ),
    ),
    "processes": (
        N_("Processes: stages, steps and moves as TOML"),
        N_(
            """
crm process export CODE writes one, crm process lint FILE checks it, crm process apply FILE puts it in force.

code = "tender"                 # the process; another code makes another process
name = "Tender"                 # name_zh for Chinese
moves = "listed"                # only the moves below; "any" (the default): from every stage to every other

[[stage]]                       # in their order
code = "track"
probability = 30                # the win rate that an opportunity takes on
category = "pipeline"           # omitted, pipeline, best or commit
guide = "Call before you write" # shown by crm opp next

[[stage.step]]                  # ticked off by crm opp checklist
code = "visit"
text = "Visit the site"
required = true                 # it does not go forward without

[[stage]]
code = "bid"
max_days = 14                   # longer than this is stuck: crm opp stuck
when_over = "block"             # then only a superior moves it on; "alert" (the default): people are told

[[move]]
from = "track"                  # a stage, a list of stages, or "*"
to = "bid"
required = ["amount", "need"]   # fields that must be filled in
steps = ["visit"]               # steps of the stage left that must be done
guard = "amount >= 10k"         # a condition (crm help conditions), and what is said where it does not hold:
says = "bids are made from 10k on"
approval = true                 # a superior agrees first, or whom the flow for opp.advance names

[move.set]                      # fields that the move sets
category = "commit"

[[move.task]]                   # tasks that it makes, due after so many days
title = "Write the bid"
days = 3
owner = "owner"                 # or manager, or a login

What is no longer written is put away; what stands in such a stage can leave it. Every version is kept: crm process versions.
"""
        ),
    ),
    "formats": (
        N_("Output: formats, fields, expressions"),
        N_(
            """
Data goes to standard output, everything else to standard error.

On a terminal a table is printed; into a pipe tab-separated full values without a header line.

  --format table|plain|tsv|csv|json|jsonl|md|xlsx     --json is --format json
  --fields ref,name,amount                            these only, in this order; all for every field
  --jq '.[] | .name'                                  put the JSON through jq
  --template '{{ ref }}: {{ name }}'                  a Jinja template, once for each record
  -o FILE                                             into a new file; --force replaces one
  --header                                            names first, in tab-separated output

In tab-separated output a tab reads \\t, a line break \\n and a backslash \\\\. In CSV a text that a spreadsheet could
take for a formula has an apostrophe before it; crm import takes it away again.

In JSON money is text ("1200.00") beside its currency, a date is ISO 8601, a reference is {"ref": "A-7", "name": "Acme"}
and what is empty is null. A change also has "tx", which crm undo takes. crm schema "opp list" prints the JSON Schema.
"""
        ),
    ),
    "dates": (
        N_("Dates, moments and periods"),
        N_(
            """
A date is 2026-11-30, or today, tomorrow, yesterday, today+3d, today-2w, today+1m. Years are 1970 to 2199.

A moment is 2026-11-30T14:00, with an offset (+01:00) or in the company's time zone.

A period is a month (2026-11), a quarter (2026Q4), a half-year (2026H2), a year (2026), a fiscal year (FY2026), or from one
month to another (2026-10..2026-12).

--now MOMENT, or CRM_NOW, makes the program take that moment for the present.
"""
        ),
    ),
    "import": (
        N_("Import: files, mappings, what happens to each row"),
        N_(
            """
  crm lead import FILE [--mapping FILE.toml] [--map FIELD=COLUMN]… [--on-match update|skip|fail] [--dry-run]

Reads CSV, TSV, XLSX, XLS, JSON, JSON lines, and vCards for contacts. A file that is not UTF-8 needs --encoding.

Every row ends as created, updated, unchanged, skipped or rejected, and the summary adds up to the rows read. --rejects FILE
gets the rejected rows with the reason of each; mended, that file imports as it is. The same file again changes
nothing. crm undo TX takes a whole import back.

A mapping file:

  noun = "opp"
  key = ["external_id"]
  on_match = "update"
  create = ["account"]
  date_format = "%m/%d/%Y"
  [columns]
  external_id = "opportunity_id"
  amount = "close_value"
  [values.stage]
  "Won" = { stage = "contract", state = "won" }
"""
        ),
    ),
}
"""name → (title, text)"""
