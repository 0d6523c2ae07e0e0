"""What runs in the helper process: reads foreign code and says which libraries and shapes it has, never what it says.

Standard library only, under limits on time and memory. `main.py` takes the questions and opens the files; `facts.py`
and `binary_facts.py` are the answers: booleans and library names.

Of code, `languages.py` says which reader reads what. Python is read by its syntax tree: `python_code.py` asks,
`python_tree.py` gathers, `python_strings.py` folds constants, `python_words.py` answers from names and texts;
`notebook.py`, `zipapp.py` and `compiled.py` open its other forms. Every other language is read by tokens
(`tokens.py`, `token_shape.py`, `token_facts.py`) and a `grammar.py` of its own: `javascript_code.py`,
`small_languages.py`, `java_code.py` with jars; the shell by its commands (`shell_commands.py`, `shell_code.py`).
`vocabulary.py`, `hints.py` and `commands.py` hold the words that several of them look for.

Of executables, `binary_code.py` reads the parts that tell how they were made. `scan.py` runs our YARA rules over them,
and over code that no reader understood.
"""
