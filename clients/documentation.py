"""Makes the texts of help, `crates/cli/src/documentation.json`, of what AWS's packages have.

    python clients/documentation.py > crates/cli/src/documentation.json

The texts on the API, its operations and shapes are those of botocore, as they are; what concerns
errors alone is left out, since no page shows it. The examples are the AWS CLI's, brought from
reStructuredText into the small part of HTML that the others are written in.
"""

import html
import json
import pathlib
import re

import awscli
import botocore.session
import docutils.core
from docutils import nodes

API_VERSION = "2012-01-25"
INDENT = 1
ADDRESS = re.compile(r"(?P<text>.+) <(?P<address>https://\S+)>")
# What a piece of text becomes, by what it is.
MARKS = {
    nodes.strong: "b",
    nodes.emphasis: "i",
    nodes.literal: "code",
    nodes.title_reference: "code",
}


def made() -> dict:
    """All texts, under the names that the model has for things."""
    loader = botocore.session.get_session().get_component("data_loader")
    model = loader.load_service_model("swf", "service-2", API_VERSION)
    shapes = {
        name: shape for name, shape in model["shapes"].items() if not shape.get("exception")
    }
    members = {
        f"{name}.{member}": value
        for name, shape in shapes.items()
        for member, value in shape.get("members", {}).items()
    }
    operations = model["operations"]
    return {
        "service": model["documentation"],
        "operations": _documented(operations),
        "shapes": _documented(shapes),
        "members": _documented(members),
        "examples": dict(_examples(operations)),
    }


def written(texts: dict) -> str:
    return json.dumps(texts, indent=INDENT, ensure_ascii=False) + "\n"


def _documented(things: dict) -> dict:
    texts = ((name, thing.get("documentation")) for name, thing in things.items())
    return {name: text for name, text in texts if text}


def _examples(operations):
    directory = pathlib.Path(awscli.__file__).with_name("examples") / "swf"
    for name in operations:
        command = botocore.xform_name(name, "-")
        path = directory / f"{command}.rst"
        if path.exists():
            yield name, _converted(path.read_text())


def _converted(text: str) -> str:
    # A heading in the middle is one, not the title of the whole; there is nobody to complain to.
    settings = {"doctitle_xform": False, "report_level": 5}
    document = docutils.core.publish_doctree(text, settings_overrides=settings)
    return " ".join(_blocks(document))


def _blocks(parent):
    for node in parent.children:
        match node:
            case nodes.section():
                yield from _blocks(node)
            case nodes.title():
                yield f"<p><b>{_inline(node)}</b></p>"
            case nodes.paragraph():
                yield f"<p>{_inline(node)}</p>"
            case nodes.literal_block():
                yield f"<pre>{html.escape(node.astext(), quote=False)}</pre>"
            case nodes.bullet_list():
                for item in node.children:
                    yield f"<ul><li>{' '.join(_blocks(item))}</li></ul>"
            # Lines of a paragraph that are indented by mistake.
            case nodes.definition_list():
                for term, definition in (item.children for item in node.children):
                    lines = (term, *definition.children)
                    yield f"<p>{' '.join(map(_inline, lines))}</p>"
            case nodes.target() | nodes.system_message() | nodes.comment():
                pass
            case _:
                raise ValueError(f"what becomes of a {node.tagname}?")


def _inline(parent) -> str:
    return "".join(_piece(node) for node in parent.children)


def _piece(node) -> str:
    match node:
        case nodes.Text():
            # A paragraph has no lines of its own.
            return html.escape(re.sub(r"\s+", " ", node.astext()), quote=False)
        case nodes.reference():
            return f'<a href="{node["refuri"]}">{_inline(node)}</a>'
        case nodes.target():
            return ""
        # A reference that lacks what would make it one.
        case nodes.title_reference() if found := ADDRESS.fullmatch(node.astext()):
            return f'<a href="{found["address"]}">{html.escape(found["text"], quote=False)}</a>'
        case _:
            mark = MARKS[type(node)]
            return f"<{mark}>{_inline(node)}</{mark}>"


if __name__ == "__main__":
    print(written(made()), end="")
