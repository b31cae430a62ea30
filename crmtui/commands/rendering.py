"""The process that renders --template: JSON in, text out; sandboxed, its time, memory and output limited."""

import json
import resource
import sys

_SECONDS = 10
_MEMORY = 512 << 20
_OUTPUT = 1_000_000


def main() -> int:
    """Render every object; 0 and the text, or 2 and the reason why the template is wrong."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    given = json.load(sys.stdin)
    environment = ImmutableSandboxedEnvironment(keep_trailing_newline=True)
    texts = []
    try:
        # Only plain dicts, lists and texts are within reach: the sandbox still lets attributes of objects be read.
        template = environment.from_string(given["template"])
        for item in given["objects"]:
            text = ""
            for piece in template.generate(**item):
                text += piece
                if len(text) > _OUTPUT:
                    raise TemplateError("one record gives more than a million characters.")
            texts.append(text if text.endswith("\n") else text + "\n")
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        _write(str(error))
        return 2
    _write("".join(texts))
    return 0


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (MemoryError, RecursionError):
        sys.exit(3)
