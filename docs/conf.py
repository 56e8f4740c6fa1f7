"""The settings of the documentation: Sphinx with MyST's Markdown and the Furo theme."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

import reach_gym  # noqa: E402

project = "reach_gym"
author = "The reach_gym developers"
copyright = author
version = release = reach_gym.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstrings",
    "task_pages",
    "api_pages",
    "reference_tables",
]
exclude_patterns = ["_build"]
default_role = "py:obj"  # a name in single backquotes in a docstring is a link where it can be one

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "reach_gym"
html_static_path = ["_static"]
html_css_files = ["reach_gym.css"]
html_show_sphinx = False
html_copy_source = False
