"""Which tool is this process? The order of evidence of DESIGN 3.8, each question in a small module of its own.

`executable.py` says which program runs, `entry_point.py` where its code begins and which package that belongs to,
`package.py` what the catalogue or the package itself says of it, `modes.py` what it was asked to do, `imports.py` what
a script of the person's own does, read in a helper process (`helper.py`, `parse/`). `identifier.py` asks them in order.
"""
