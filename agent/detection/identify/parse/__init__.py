"""What runs in the helper process: reads foreign code and says which libraries and shapes it has, never what it says.

Standard library only, under limits on time and memory (`main.py`). `python_code.py` reads Python by its syntax tree,
`javascript_code.py` and `shell_code.py` by tokens, `vocabulary.py` holds the words that all of them look for. The
answer is `facts.py`: booleans and library names.
"""
