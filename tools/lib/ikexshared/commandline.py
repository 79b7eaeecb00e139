# SPDX-License-Identifier: GPL-2.0-or-later
"""How a command line is read, and how a command ends that a signal ends.

A command has a table of its options: each with what its value is called (empty: it has none) and what it is for.
Their values go into an object with a field for each, a list where an option may come again; "names" gets the rest.
"""
import os
import signal


class WrongOption(Exception):
    """What is wrong with the command line."""


def profile_name(text):
    """A folder below that of the profiles."""
    if not text or "/" in text or text in (".", ".."):
        raise WrongOption(f'--profile "{text}" is not the name of a profile')
    return text


def parse_one(options, word, rest, table, convert):
    """Take one option, with its value, off the words."""
    option, equals, value = word.partition("=")
    wants = next((metavar for name, metavar, _ in table if name == option), None)
    if wants is None or (equals and not wants):
        raise WrongOption(f'unknown option "{word}"')
    if wants and not equals and not rest:
        raise WrongOption(f"{option} needs a value: {wants}")
    if wants:
        value = convert.get(option, str)(value if equals else rest.pop(0))
    field = option[2:].replace("-", "_")
    if isinstance(getattr(options, field), list):
        getattr(options, field).append(value)
    else:
        setattr(options, field, value if wants else True)


def is_question(options):
    """Whether something is asked that needs no file."""
    return options.help or getattr(options, "version", False)


def parse(options, words, table, convert):
    """Set the options that a command line has; raises WrongOption. `convert`: what checks the value of an option."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            options.names += rest
            break
        if word == "-h":
            word = "--help"
        if word.startswith("-") and word != "-":
            parse_one(options, word, rest, table, convert)
        else:
            options.names.append(word)
    if not options.names and not is_question(options):
        raise WrongOption("no file given")
    return options


def columns(rows):
    """Two columns of the text for --help."""
    width = max(len(left) for left, _ in rows)
    return "\n".join(f"  {left:<{width}}  {right}" for left, right in rows)


def option_columns(table):
    return columns([(f"{name} {metavar}".rstrip(), about) for name, metavar, about in table])


def end_by(number):
    """End as a program does that leaves the signal alone."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
