"""Sphinx builds the documentation: pages in Markdown, reference from docstrings, tables from the code.

Nothing is fetched while building or reading: the theme brings no web fonts, formulas become MathML.
"""

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

sys.path.insert(0, str(Path(__file__).parent))
import tables

project = "parksim"
author = "The parksim authors"
copyright = author  # noqa: A001  (Sphinx wants this name)
version = release = installed("parksim")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pictures"]
default_role = "code"

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autoclass_content = "class"
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
viewcode_line_numbers = True

html_theme = "furo"
html_title = "parksim"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["parksim.css"]
html_copy_source = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def fill(app, docname, source):  # noqa: ARG001
    """Put what the code says in the place of ``{{ table }}`` and ``{{ table part }}``."""
    source[0] = re.sub(
        r"^\{\{ (\w+)(?: ([\w.-]+))? \}\}$",
        lambda found: tables.TABLES[found[1]](*filter(None, [found[2]])),
        source[0],
        flags=re.MULTILINE,
    )


def inline_math(self, node):
    """Write a formula in the line."""
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block_math(self, node):
    """Write a formula on its own."""
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Hook in."""
    app.connect("source-read", fill)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
