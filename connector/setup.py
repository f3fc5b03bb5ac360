"""Builds the distribution in a folder that passes, so that a checkout stays as it was.

All that describes it stands in pyproject.toml; setuptools alone would put its notes beside the
source, which lies one folder higher.
"""

import atexit
import shutil
import tempfile

import setuptools

PASSING = tempfile.mkdtemp(prefix="mirab-connector-")
atexit.register(shutil.rmtree, PASSING, ignore_errors=True)

setuptools.setup(options={"build": {"build_base": PASSING}, "egg_info": {"egg_base": PASSING}})
